/** What is evaluated and what comes out: the contract of the room. `evaluate-jobs.ts` does it. */

import type { EvaluationError } from '../events/event.ts';
import type { StorePath } from '../nix/store-path.ts';

export interface EvaluationRequest {
  /** For people: the file that is evaluated. */
  readonly source: string;
  /** A Nix expression (one line or many) whose value is the root, e.g. `import /x/release.nix`. */
  readonly root: string;
  /** Nix expressions by name, handed to functions met on the way (`args` of auto-calling). */
  readonly args?: Readonly<Record<string, string>>;
  /** The attribute paths to evaluate, or 'discover': walk the root as Hydra does. */
  readonly jobs: readonly JobRequest[] | 'discover';
  /**
   * True evaluates each job from a fresh root, which keeps memory flat over many machines; false shares the root,
   * which is faster for package sets.
   */
  readonly freshRoot: boolean;
  /**
   * Where there are several workers, each asks once, with its first job: the path of what it evaluates of the root before
   * that, or undefined. `nth` counts the workers that have asked. It spares workers waiting for each other while they write
   * the same derivations; results do not depend on it, and what is not there or fails is passed over.
   */
  readonly opening?: (job: JobRequest, nth: number) => readonly string[] | undefined;
  /** With 'discover': go into every attribute set, not only those that ask for it. */
  readonly forceRecurse?: boolean;
  /** With 'discover': the one set whose members are jobs, by what attribute; the root is not walked. */
  readonly within?: {
    readonly attrPath: readonly string[];
    readonly job: (attribute: string) => JobRequest;
  };
}

export interface JobRequest {
  /** The name people see, e.g. the machine's. */
  readonly name: string;
  readonly attrPath: readonly string[];
  /** Where there is data to tell with the job. */
  readonly also?: readonly string[];
  /** Makes the aggregate that is there anew, of these outputs instead of the constituents that it names. */
  readonly constituents?: readonly ConstituentOutput[];
}

export interface ConstituentOutput {
  readonly drvPath: StorePath;
  readonly output: string;
  /** Its store path, or the placeholder for one that is not known yet. */
  readonly path: string;
}

export interface EvaluationSettings {
  /** Workers side by side. Default: the number of processors. */
  readonly workers?: number;
  /** Bytes that all workers together may hold. */
  readonly memoryBudget?: number;
  /** Nix settings such as `restrict-eval` or `allow-import-from-derivation`. */
  readonly nixOptions?: Readonly<Record<string, string>>;
  /** `-I` entries. */
  readonly includes?: readonly string[];
  /** Kill a job that takes longer. */
  readonly jobTimeoutMs?: number;
  /** Tell the whole trace of errors, not only its innermost frames. */
  readonly showTrace?: boolean | undefined;
  /** Bytes of heap that each worker starts with (GC_INITIAL_HEAP_SIZE); undefined: chosen by the Nix version. */
  readonly initialHeap?: number;
}

export interface EvaluatedJob {
  readonly ok: true;
  readonly name: string;
  readonly attrPath: readonly string[];
  readonly drvName: string;
  readonly system: string;
  readonly drvPath: StorePath;
  /** Undefined for floating content-addressed outputs. */
  readonly outputs: ReadonlyMap<string, StorePath | undefined>;
  /** What Nix could say of `meta`, JSON only. */
  readonly meta: Readonly<Record<string, unknown>>;
  readonly durationMs: number;
  /** What was at `also`, as JSON has it. */
  readonly data?: unknown;
  /** When the derivation is an aggregate of other jobs (`_hydraAggregate`). */
  readonly aggregate?: Aggregate;
}

/** What an aggregate says of itself, in its order. Names are of jobs, or patterns for them. */
export interface Aggregate {
  readonly constituents: readonly (ConstituentOutput | { readonly name: string })[];
  readonly globs: boolean;
}

export interface FailedJob {
  readonly ok: false;
  readonly name: string;
  readonly attrPath: readonly string[];
  readonly error: EvaluationError;
  /** What was at the job's `also`, when that much could be evaluated. */
  readonly data?: unknown;
}

export type JobResult = EvaluatedJob | FailedJob;
