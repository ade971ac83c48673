/**
 * Which jobsets are to be evaluated now, and when to look again. Pure.
 *
 * A jobset is due when somebody asked (`triggeredAt`), or when its check interval has gone by since it was last looked
 * at. One that is disabled, or whose project is, is never due. A one-at-a-time jobset with unfinished builds is due only
 * when asked for. First come those asked for, in the order of asking, then those that have waited longest.
 */

import { type JobsetRecord, jobsetState } from '../../db/records.ts';

export interface JobsetChoiceInput {
  readonly jobsets: readonly JobsetRecord[];
  readonly enabledProjects: ReadonlySet<number>;
  /** Being evaluated. */
  readonly running: ReadonlySet<number>;
  /** With unfinished builds. */
  readonly building: ReadonlySet<number>;
  /** Those that are to rest after a fault of ours, and until when. */
  readonly resting: ReadonlyMap<number, number>;
  /** How many more may run. */
  readonly free: number;
  readonly now: number;
}

export interface JobsetChoice {
  readonly start: readonly JobsetRecord[];
  /** When the next one is due by its interval; undefined: not before something happens. */
  readonly nextAt: number | undefined;
}

export function chooseJobsets(input: JobsetChoiceInput): JobsetChoice {
  const { jobsets, enabledProjects, running, free, now } = input;
  const times = jobsets
    .filter(({ id, projectId, state }) => {
      return state !== jobsetState.disabled && enabledProjects.has(projectId) && !running.has(id);
    })
    .flatMap((jobset) => {
      const dueAt = dueTime(jobset, input);
      return dueAt === undefined
        ? []
        : [{ jobset, dueAt: Math.max(dueAt, input.resting.get(jobset.id) ?? 0) }];
    });
  const due = times.filter(({ dueAt }) => dueAt <= now).map(({ jobset }) => jobset);
  const later = times.filter(({ dueAt }) => dueAt > now).map(({ dueAt }) => dueAt);
  return {
    start: due.sort(byUrgency).slice(0, Math.max(0, free)),
    nextAt: later.length === 0 ? undefined : Math.min(...later),
  };
}

function dueTime(jobset: JobsetRecord, { building }: JobsetChoiceInput): number | undefined {
  const { id, triggeredAt, checkInterval, lastCheckedAt, state } = jobset;
  if (triggeredAt !== null) return 0;
  if (checkInterval <= 0 || (state === jobsetState.oneAtATime && building.has(id))) return undefined;
  return lastCheckedAt === null ? 0 : lastCheckedAt + checkInterval * 1000;
}

function byUrgency(a: JobsetRecord, b: JobsetRecord): number {
  return (
    (a.triggeredAt ?? Infinity) - (b.triggeredAt ?? Infinity) || // NaN where neither was asked for
    (a.lastCheckedAt ?? 0) - (b.lastCheckedAt ?? 0) ||
    a.id - b.id
  );
}
