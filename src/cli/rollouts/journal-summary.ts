/** A rollout in short, from its journal: for lists, and to say how it stands. Pure. */

import type { DeployPlan, HostOutcome } from '../../deploy/deploy-plan.ts';
import type { HostDiff } from '../../deploy/diff/host-diff.ts';
import type { JournalEntry, RolloutResult } from '../../deploy/rollout/journal.ts';
import { planOfJournal, replayJournal } from '../../deploy/rollout/rollout-state.ts';

export interface HostSummary {
  readonly host: string;
  /** What it is given. */
  readonly toplevel: string;
  /** Undefined: it has none yet. */
  readonly outcome: HostOutcome | undefined;
  /** Milliseconds from its first step to its outcome. */
  readonly tookMs: number | undefined;
  /** What changes on it; undefined: that is not written down, or was not read. */
  readonly diff: HostDiff | undefined;
  /** The step that was begun last, of a host that has no outcome. */
  readonly step: string | undefined;
}

export interface JournalSummary {
  readonly id: string;
  readonly action: DeployPlan['action'];
  /** Milliseconds since 1970. */
  readonly plannedAt: number;
  readonly endedAt: number | undefined;
  readonly by: string;
  readonly why: string;
  readonly state: 'running' | 'interrupted' | RolloutResult;
  readonly hosts: readonly HostSummary[];
}

export function journalSummary(
  id: string,
  entries: readonly JournalEntry[],
  running: boolean,
): JournalSummary {
  const plan = planOfJournal(id, entries);
  const state = replayJournal(plan, entries);
  const planned = entries.find((entry) => entry.type === 'planned');
  const diffs = new Map(
    entries.flatMap((entry) => (entry.type === 'diff' ? [[entry.host, entry.diff]] : [])),
  );
  const ended = entries.find((entry) => entry.type === 'ended');
  return {
    id,
    action: plan.action,
    plannedAt: planned?.at ?? 0,
    endedAt: ended?.at,
    by: planned?.by ?? '',
    why: planned?.why ?? '',
    state: state.result ?? (running ? 'running' : 'interrupted'),
    hosts: plan.hosts.map(({ name, toplevel }) => {
      const host = state.hosts.get(name);
      const { outcome, triedAt, endedAt } = host ?? {};
      return {
        host: name,
        toplevel,
        outcome,
        step: outcome === undefined ? host?.steps.at(-1) : undefined,
        tookMs: triedAt === undefined || endedAt === undefined ? undefined : endedAt - triedAt,
        diff: diffs.get(name),
      };
    }),
  };
}
