/**
 * How a rollout stands, as its journal tells: the base of every decision about what comes next, and of going on after a
 * crash. A host goes from `waiting` over `preparing` (until it may be activated), `ready` (it asks whether it may) and
 * `active` to `done`; one that cannot be reached waits again, until `retryAt`. Pure.
 */

import { AppError } from '../../util/app-error.ts';
import type { DeployPlan, HostOutcome } from '../deploy-plan.ts';
import type { HostStep, JournalEntry, RolloutResult } from './journal.ts';

export type HostStage = 'waiting' | 'preparing' | 'ready' | 'active' | 'done';

export interface HostState {
  readonly stage: HostStage;
  /** Steps that were begun so far, in order. */
  readonly steps: readonly HostStep[];
  /** Something on it was changed, and nobody saw that to its end: it must be gone on with before all else. */
  readonly halfDone: boolean;
  readonly troubles: readonly string[];
  /** What went wrong before it began to go back. */
  readonly why: string | undefined;
  /** What it ran before is written down. */
  readonly previousKnown: boolean;
  /** What that was, where the host said so. */
  readonly previous: string | undefined;
  /** What changes on it is written down. */
  readonly diffKnown: boolean;
  /** When it was first tried, and, unreachable, when it is tried again. Milliseconds since 1970. */
  readonly triedAt: number | undefined;
  readonly retryAt: number | undefined;
  readonly outcome: HostOutcome | undefined;
  readonly endedAt: number | undefined;
}

export interface RolloutState {
  readonly hosts: ReadonlyMap<string, HostState>;
  /** How many waves were begun. */
  readonly wave: number;
  readonly aborted: boolean;
  readonly result: RolloutResult | undefined;
}

const untouched: HostState = {
  stage: 'waiting',
  steps: [],
  halfDone: false,
  troubles: [],
  why: undefined,
  previousKnown: false,
  previous: undefined,
  diffKnown: false,
  triedAt: undefined,
  retryAt: undefined,
  outcome: undefined,
  endedAt: undefined,
};

/** Steps that leave a host changed when they are cut off. */
const changing: ReadonlySet<HostStep> = new Set(['activate', 'reboot', 'roll-back']);

/** The plan that a journal begins with. Throws `rollout.journal-invalid`. */
export function planOfJournal(id: string, entries: readonly JournalEntry[]): DeployPlan {
  const first = entries[0];
  if (first?.type === 'planned') return first.plan;
  throw new AppError(
    'rollout.journal-invalid',
    `the journal of rollout ${id} must begin with its plan, it begins with ${first?.type ?? 'nothing'}`,
  );
}

/** The state after all entries, with no host being worked on. Entries about hosts that the plan does not have are passed by. */
export function replayJournal(plan: DeployPlan, entries: readonly JournalEntry[]): RolloutState {
  const start: RolloutState = {
    hosts: new Map(plan.hosts.map(({ name }) => [name, untouched])),
    wave: 0,
    aborted: false,
    result: undefined,
  };
  return entries.reduce(withEntry, start);
}

/** With another state of one host. */
export function withHost(state: RolloutState, name: string, change: Partial<HostState>): RolloutState {
  const host = state.hosts.get(name);
  if (host === undefined) return state;
  return { ...state, hosts: new Map(state.hosts).set(name, { ...host, ...change }) };
}

/** What an entry says; stages of hosts that are not done stay as they are. */
export function withEntry(state: RolloutState, entry: JournalEntry): RolloutState {
  switch (entry.type) {
    case 'step': {
      const host = state.hosts.get(entry.host);
      if (host === undefined) return state;
      return withHost(state, entry.host, {
        steps: [...host.steps, entry.step],
        halfDone: host.halfDone || changing.has(entry.step),
        why: entry.why ?? host.why,
        triedAt: host.triedAt ?? entry.at,
      });
    }
    case 'previous':
      return withHost(state, entry.host, { previousKnown: true, previous: entry.current });
    case 'diff':
      return withHost(state, entry.host, { diffKnown: true });
    case 'trouble': {
      const troubles = state.hosts.get(entry.host)?.troubles ?? [];
      return withHost(state, entry.host, { troubles: [...new Set([...troubles, entry.message])] });
    }
    case 'host':
      return withHost(state, entry.outcome.host, {
        stage: 'done',
        halfDone: false,
        retryAt: undefined,
        outcome: entry.outcome,
        endedAt: entry.at,
      });
    case 'wave':
      return { ...state, wave: Math.max(state.wave, entry.wave) };
    case 'aborted':
      return { ...state, aborted: true };
    case 'ended':
      return { ...state, result: entry.result };
    case 'planned':
    case 'started':
    case 'paused':
    case 'resumed':
      return state;
  }
}
