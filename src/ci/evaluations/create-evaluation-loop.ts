/**
 * Evaluates jobsets when they are due (`choose-jobsets.ts`), so many at a time. Nothing is polled: the loop looks when
 * something happens that could make one due (somebody asks, a jobset changes, an evaluation ends, the builds of a
 * one-at-a-time jobset are done), and at the time when the next one is due by its interval.
 */

import type { Database } from '../../db/database.ts';
import { type JobsetRecord, jobsetState } from '../../db/records.ts';
import type { ServerEvent } from '../../events/event.ts';
import { errorMessage } from '../../util/error-message.ts';
import type { EvaluationControl } from '../ci.ts';
import { chooseJobsets } from './choose-jobsets.ts';
import type { Progress } from './evaluation-run.ts';
import type { EvaluationRun, EvaluationStop } from './run-evaluation.ts';

export interface EvaluationLoopDeps {
  /** A patient one. */
  readonly database: Pick<Database, 'jobsets' | 'projects'>;
  /** Runs one to its end; throws faults of ours. */
  readonly run: (jobset: JobsetRecord, run: EvaluationRun) => Promise<void>;
  readonly atOnce: number;
  readonly timeoutMs: number;
  readonly emit: (event: ServerEvent) => void;
  /** A jobset was changed, or is gone. */
  readonly onJobset: (jobsetId: number, jobset: JobsetRecord | undefined) => void;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export interface EvaluationLoop extends EvaluationControl {
  /** Looks which jobsets are due, now. */
  wake(): void;
  /** A build has finished. */
  buildFinished(jobsetId: number): void;
  /** Resolves when nothing is under way any more; for after the signal fired. */
  idle(): Promise<void>;
}

interface Running {
  readonly abort: AbortController;
  readonly progress: Progress;
}

/** How long a jobset rests after a fault of ours; doubled each time in a row. */
const firstRestMs = 1000;
const longestRestMs = 600_000;
/** The longest that setTimeout can wait. */
const longestTimerMs = 2 ** 31 - 1;

export function createEvaluationLoop(deps: EvaluationLoopDeps): EvaluationLoop {
  const { database, run, atOnce, timeoutMs, emit, onJobset, now, signal } = deps;
  const running = new Map<number, Running>();
  const faults = new Map<number, { readonly count: number; readonly until: number }>();
  const tasks = new Set<Promise<void>>();
  /** Jobsets that wait for their builds. */
  let waiting: ReadonlySet<number> = new Set();
  let timer: NodeJS.Timeout | undefined;
  let looking = false;
  let again = false;

  const spawn = (work: Promise<void>): void => {
    const task = work.finally(() => tasks.delete(task));
    tasks.add(task);
  };

  const wake = (): void => {
    again = true;
    if (looking || signal.aborted) return;
    looking = true;
    spawn(lookUntilCalm());
  };

  const lookUntilCalm = async (): Promise<void> => {
    try {
      while (again && !signal.aborted) {
        again = false;
        await look();
      }
    } catch (error) {
      if (signal.aborted) return;
      emit({ type: 'message', level: 'error', text: `jobsets cannot be looked at: ${errorMessage(error)}` });
      schedule(firstRestMs);
    } finally {
      looking = false;
    }
  };

  const look = async (): Promise<void> => {
    const [jobsets, projects] = await Promise.all([database.jobsets.list(), database.projects.list()]);
    if (signal.aborted) return;
    const oneAtATime = jobsets.filter(({ state }) => state === jobsetState.oneAtATime);
    const counts = oneAtATime.length === 0 ? undefined : await database.jobsets.counts();
    waiting = new Set(oneAtATime.map(({ id }) => id).filter((id) => (counts?.get(id)?.scheduled ?? 0) > 0));
    const { start, nextAt } = chooseJobsets({
      jobsets,
      enabledProjects: new Set(projects.filter(({ enabled }) => enabled).map(({ id }) => id)),
      running: new Set(running.keys()),
      building: waiting,
      resting: new Map([...faults].map(([id, { until }]) => [id, until])),
      free: atOnce - running.size,
      now: now(),
    });
    for (const jobset of start) begin(jobset);
    schedule(nextAt === undefined ? undefined : nextAt - now());
  };

  const schedule = (ms: number | undefined): void => {
    clearTimeout(timer);
    if (ms !== undefined && !signal.aborted)
      timer = setTimeout(wake, Math.min(Math.max(ms, 0), longestTimerMs));
  };

  const begin = (jobset: JobsetRecord): void => {
    const { id, project, name } = jobset;
    const abort = new AbortController();
    const progress: Progress = {
      jobsetId: id,
      project,
      jobset: name,
      evaluationId: null,
      phase: 'fetching',
      startedAt: now(),
      jobsDone: 0,
      jobsFailed: 0,
      jobsTotal: null,
      current: new Set(),
    };
    running.set(id, { abort, progress });
    spawn(
      runOne(jobset, progress, abort).finally(() => {
        running.delete(id);
        wake();
      }),
    );
  };

  const runOne = async (jobset: JobsetRecord, progress: Progress, abort: AbortController): Promise<void> => {
    const { id, project, name } = jobset;
    const tooLong = setTimeout(() => abort.abort('timed-out' satisfies EvaluationStop), timeoutMs);
    const stop = (): void => abort.abort('server-stops' satisfies EvaluationStop);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    try {
      await run(jobset, { progress, signal: abort.signal, timeoutMs });
      faults.delete(id);
    } catch (error) {
      if (signal.aborted) return;
      const count = (faults.get(id)?.count ?? 0) + 1;
      const restMs = Math.min(firstRestMs * 2 ** count, longestRestMs);
      faults.set(id, { count, until: now() + restMs });
      const text = `the evaluation of ${project}:${name} is tried again: ${errorMessage(error)}`;
      emit({ type: 'message', level: 'error', text });
    } finally {
      clearTimeout(tooLong);
      signal.removeEventListener('abort', stop);
    }
  };

  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });

  return {
    wake,
    async trigger(jobsetId, { force = false } = {}) {
      await database.jobsets.trigger(jobsetId, now(), { force });
      faults.delete(jobsetId);
      wake();
    },
    async cancel(jobsetId) {
      const found = running.get(jobsetId);
      found?.abort.abort('cancelled' satisfies EvaluationStop);
      return found !== undefined;
    },
    running: () =>
      [...running.values()].map(({ progress }) => ({ ...progress, current: [...progress.current] })),
    jobsetChanged(jobsetId) {
      spawn(
        database.jobsets.get(jobsetId).then(
          (jobset) => {
            if (jobset === undefined)
              running.get(jobsetId)?.abort.abort('cancelled' satisfies EvaluationStop);
            else emit({ type: 'ci.jobset.changed', project: jobset.project, jobset: jobset.name });
            onJobset(jobsetId, jobset);
            wake();
          },
          () => {
            // Interrupted: the server stops.
          },
        ),
      );
    },
    buildFinished(jobsetId) {
      if (waiting.has(jobsetId)) wake();
    },
    async idle() {
      while (tasks.size > 0) await Promise.all(tasks);
    },
  };
}
