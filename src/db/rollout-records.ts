/** What is kept of rollouts and hosts. Times are milliseconds since 1970. Plans, entries and facts are JSON, which others understand. */

/**
 * `planned` waits for somebody to approve it; `approved` is about to run; `paused` runs, and begins nothing further;
 * `aborting` runs until no host is being activated any more. Only an `ended` one has a result.
 */
export type RolloutState = 'planned' | 'approved' | 'running' | 'paused' | 'aborting' | 'ended';

export interface RolloutRecord {
  readonly id: string;
  readonly project: string;
  readonly jobset: string;
  readonly evaluation: number;
  readonly action: string;
  /** JSON. */
  readonly plan: string;
  /** JSON: the hosts that are not in the plan, and why. */
  readonly leftOut: string;
  readonly state: RolloutState;
  readonly result: string | null;
  /** Why it ended as it did, where its hosts do not say. */
  readonly message: string | null;
  readonly createdBy: string;
  readonly why: string;
  readonly createdAt: number;
  readonly approvedBy: string | null;
  readonly approvedAt: number | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

export interface RolloutHostRecord {
  readonly host: string;
  /** From 0. */
  readonly wave: number;
  readonly toplevel: string;
  /** The last one that was begun. */
  readonly step: string | null;
  readonly result: string | null;
  readonly message: string | null;
  /** What it ran before. */
  readonly previous: string | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

/** A machine, by the project whose jobsets describe it. */
export interface HostRecord {
  readonly project: string;
  readonly name: string;
  /** The last system that it was given with success, and the one that it had before: both are kept. */
  readonly system: string | null;
  readonly systemAt: number | null;
  readonly previousSystem: string | null;
  readonly lastRollout: string | null;
  /** The rollout that works on it. */
  readonly claimedBy: string | null;
  readonly cordonedBy: string | null;
  readonly cordonedAt: number | null;
  readonly cordonReason: string | null;
  /** JSON, of the last time it was asked. */
  readonly facts: string | null;
  readonly factsAt: number | null;
}
