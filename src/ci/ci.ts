/**
 * The continuous loop as the API and the CLI see it: the contract of the room. `start-ci.ts` starts it. Reading goes
 * straight to `database`; what changes something or is only known to the running server goes through here.
 */

import type { Builder } from '../build/builder.ts';
import type { BuilderStatus, WaitReason } from '../build/scheduler.ts';
import type { Database } from '../db/database.ts';
import type { EventHub } from './event-hub.ts';
import type { Rollouts } from './rollouts/rollouts.ts';

export interface Ci extends AsyncDisposable {
  readonly database: Database;
  readonly events: EventHub;
  readonly logs: LogReader;
  readonly evaluations: EvaluationControl;
  readonly builds: BuildControl;
  readonly builders: BuilderControl;
  readonly retention: Retention;
  readonly rollouts: Rollouts;
}

export interface EvaluationControl {
  /** Asks for an evaluation at once; with `force` also when nothing changed. */
  trigger(jobsetId: number, options?: { readonly force?: boolean }): Promise<void>;
  /** Ends the running evaluation of a jobset; says whether there was one. */
  cancel(jobsetId: number): Promise<boolean>;
  /** Those under way. */
  running(): readonly EvaluationProgress[];
  /** To be called when a jobset was made, changed or removed. */
  jobsetChanged(jobsetId: number): void;
}

export interface EvaluationProgress {
  readonly jobsetId: number;
  readonly project: string;
  readonly jobset: string;
  readonly evaluationId: number | null;
  readonly phase: 'fetching' | 'evaluating' | 'finishing';
  readonly startedAt: number;
  readonly jobsDone: number;
  readonly jobsFailed: number;
  /** Unknown in a discovery until it is over. */
  readonly jobsTotal: number | null;
  /** What the workers have in hand. */
  readonly current: readonly string[];
}

export interface BuildControl {
  /** Each says which of the ids it changed. */
  cancel(ids: readonly number[]): Promise<readonly number[]>;
  restart(ids: readonly number[]): Promise<readonly number[]>;
  bump(ids: readonly number[]): Promise<readonly number[]>;
  explain(id: number): WaitReason;
}

export interface BuilderControl {
  list(): readonly BuilderStatus[];
  /** Takes effect at once; steps that run go on (`Scheduler.setBuilders`). */
  replace(builders: readonly Builder[]): void;
  /** Throws `builder.unknown`. */
  setDrained(name: string, drained: boolean, by: string): Promise<void>;
}

export interface RetentionPlan {
  readonly kept: number;
  readonly removed: readonly { readonly root: string; readonly path: string; readonly why: string }[];
}

export interface Retention {
  /** What `apply` would do. */
  plan(): Promise<RetentionPlan>;
  apply(): Promise<RetentionPlan>;
}

/** A log of one attempt; `file` is a step's `logFile`. */
export interface LogReader {
  /** Size in bytes of what is there, and whether more may come; `undefined` when there is no such log. */
  stat(file: string): Promise<{ readonly bytes: number; readonly live: boolean } | undefined>;
  /** Bytes `from` (inclusive) to `to` (exclusive) of what is there, decompressed. */
  read(file: string, range?: { readonly from?: number; readonly to?: number }): AsyncIterable<Uint8Array>;
  /** From there on, and on as it is written, until the log ends. A slow reader slows only itself. */
  follow(file: string, from: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
}
