/**
 * The build queue as a server needs it, on top of `build-queue.ts`: priorities, fair share, limits per build,
 * cancelling, builders that come, go and are drained, and a recorder that writes down every attempt. The contract;
 * `create-scheduler.ts` makes one (the CLI uses the plain part of it, by `create-build-queue.ts`).
 */

import type { StepFailure, StepPhase } from '../events/event.ts';
import type { StorePath } from '../nix/store-path.ts';
import type { StoreDatabase } from '../store/store-database.ts';
import type { BuildOutcome, BuildQueue, BuildQueueOptions } from './build-queue.ts';
import type { Builder } from './builder.ts';

export interface SchedulerOptions extends BuildQueueOptions {
  readonly recorder?: StepRecorder | undefined;
  readonly failures?: FailureCache | undefined;
  /** NAR size that no output of a step may exceed, in bytes; absent: no limit. */
  readonly outputLimitBytes?: number | undefined;
  /** How long a step that no builder can take waits for one to appear. Default 2 minutes. */
  readonly unsupportedAfterMs?: number | undefined;
  /** Builds planned at a time. Default 8. */
  readonly planConcurrency?: number | undefined;
  /**
   * How long, at least, what was built is kept from the garbage collector after its outcome was told: the time to make
   * a root of one's own. Default 10 minutes; Infinity: until the scheduler is disposed of.
   */
  readonly keepMs?: number | undefined;
  /** Logs that are finished become `<logFile>.zst` (`compress-log.ts`). Default true. */
  readonly compressLogs?: boolean | undefined;
  /** How long a builder may stand still while it is reached or sends or gets paths. Default 5 minutes. */
  readonly stallMs?: number | undefined;
  /** The database of `store`, where that is this machine's: makes planning much faster. */
  readonly storeDatabase?: Pick<StoreDatabase, 'validOutputs' | 'validPaths'> | undefined;
  /** Told when a builder works again, is lost, or is drained. */
  readonly onBuilder?: ((builder: string, state: 'ready' | 'lost' | 'drained') => void) | undefined;
}

/** One build of the server's queue. */
export interface BuildTicket {
  /** The build's id: names it in calls, and tells the recorder whose step an attempt is. */
  readonly id: number;
  /** Whose share of the builders it uses: the jobset's id. */
  readonly share: number;
  /** Higher first: first this, then the least used share, then the longest chain, then `priority`, then the lowest id. */
  readonly globalPriority: number;
  readonly priority: number;
  /**
   * Seconds, 0 for none; absent: the queue's own. The most generous of all builds that want a step counts, and never
   * less than the queue's own for what is only needed by what was asked for.
   */
  readonly timeoutSeconds?: number | undefined;
  readonly maxSilentSeconds?: number | undefined;
  /** Cancels: its steps end when no other build wants them, and its outcome is reason `cancelled`. */
  readonly signal?: AbortSignal | undefined;
}

/** What one attempt at a step is, when it begins. */
export interface StepAttempt {
  readonly drvPath: StorePath;
  readonly name: string;
  readonly system: string;
  readonly builder: string;
  readonly emulated: boolean;
  /** From 1. */
  readonly attempt: number;
  /** The build under which it is recorded: that with the lowest id of those that want it. */
  readonly owner: number;
  readonly outputs: Readonly<Record<string, StorePath | null>>;
  /** Absolute; once compressed, the same with `.zst`. */
  readonly logFile: string;
  readonly startedAt: number;
}

export interface StepEnded {
  readonly endedAt: number;
  readonly result:
    | {
        readonly ok: true;
        readonly how: 'built' | 'substituted' | 'already-valid';
        readonly outputs: Readonly<Record<string, StorePath>>;
      }
    | {
        readonly ok: false;
        readonly reason: StepFailure;
        readonly message: string;
        readonly willRetry: boolean;
      };
  /** Builds that fail with it, by id (none when it will be tried again). */
  readonly failedBuilds: readonly number[];
}

/**
 * Writes down what happens. Calls for one attempt come in order and are awaited before the outcome of any build that
 * depends on it is told; dependents may start meanwhile. What it throws is told as a fault of the server and does
 * not end the attempt.
 */
export interface StepRecorder {
  begin(attempt: StepAttempt): Promise<RecordedStep>;
  /** A step that was not tried, because it is known to fail or nothing can build it. */
  refused(
    step: Pick<StepAttempt, 'drvPath' | 'name' | 'system' | 'owner' | 'outputs'>,
    ended: StepEnded,
  ): Promise<void>;
}

export interface RecordedStep {
  phase(phase: StepPhase): void;
  end(ended: StepEnded): Promise<void>;
}

/** A derivation and those of its outputs whose paths are known before it is built. */
export interface FailureKey {
  readonly drvPath: StorePath;
  readonly outputs: readonly StorePath[];
}

/** Derivations known to fail. What it throws is told as a fault of the server; nothing is known to fail then. */
export interface FailureCache {
  /** Those of a whole plan that are known to fail, with the message of the failure, and have not expired. */
  find(steps: readonly FailureKey[]): Promise<ReadonlyMap<StorePath, string>>;
  /** Only the derivation's own failures come here, never infrastructure's. */
  add(step: FailureKey, message: string): Promise<void>;
}

export interface BuilderStatus {
  readonly name: string;
  readonly systems: readonly string[];
  readonly emulatedSystems: readonly string[];
  readonly supportedFeatures: readonly string[];
  readonly mandatoryFeatures: readonly string[];
  readonly speedFactor: number;
  readonly slots: number;
  readonly isLocal: boolean;
  readonly drained: boolean;
  /** Milliseconds since 1970, while it is avoided after a loss. */
  readonly avoidedUntil: number | null;
  readonly lastLoss: string | null;
  readonly running: readonly {
    readonly drvPath: StorePath;
    /** The build's id; null for what somebody waits for without a ticket. */
    readonly owner: number | null;
    readonly phase: StepPhase;
    readonly since: number;
  }[];
}

/** Why a build is not done. Where nothing runs for it, what keeps the first of its steps that could start. */
export type WaitReason =
  | { readonly type: 'not-planned'; readonly ahead: number }
  /** Its own step, or steps that it needs, are being built. */
  | {
      readonly type: 'running';
      readonly steps: readonly { readonly drvPath: StorePath; readonly builder: string }[];
    }
  /** Only for a moment, between two steps. */
  | { readonly type: 'dependencies'; readonly left: number }
  /** `ahead`: steps of the same kind that come first. */
  | { readonly type: 'no-free-slot'; readonly ahead: number; readonly builders: readonly string[] }
  | {
      readonly type: 'builders-avoided';
      readonly builders: readonly { readonly name: string; readonly until: number; readonly why: string }[];
    }
  | { readonly type: 'builders-drained'; readonly builders: readonly string[] }
  | { readonly type: 'no-builder'; readonly why: string; readonly failsAt: number | null }
  | { readonly type: 'unknown-build' };

export interface Scheduler extends BuildQueue {
  /** As `build`, for a build of the server. The outcome's promise never rejects but with `interrupted` or a fault of ours. */
  enqueue(drvPath: StorePath, ticket: BuildTicket): Promise<BuildOutcome>;
  reprioritise(id: number, priority: { readonly globalPriority?: number; readonly priority?: number }): void;
  /** A jobset's shares, and the builder seconds it used lately; seconds used from now on are counted here. */
  setShare(share: number, of: { readonly shares: number; readonly usedSeconds: number }): void;
  /**
   * Replaces the builders: those that are gone finish what they do, new ones take steps at once. One that is the same
   * object as before stays as it is, with its connection.
   */
  setBuilders(builders: readonly Builder[]): void;
  setDrained(builder: string, drained: boolean): void;
  builders(): readonly BuilderStatus[];
  explain(id: number): WaitReason;
  readonly counts: {
    readonly builds: number;
    readonly steps: number;
    readonly runnable: number;
    readonly running: number;
  };
}
