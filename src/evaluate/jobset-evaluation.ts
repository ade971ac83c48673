/** Evaluating a jobset: what goes in and what comes out. `evaluate-jobset.ts` does it. */

import type { EvaluationError } from '../events/event.ts';
import type { ResolvedInput } from '../inputs/input.ts';
import type { LoadedNetwork } from '../network/load-network.ts';
import type { StorePath } from '../nix/store-path.ts';
import type { EvaluationSettings } from './evaluation.ts';

/** Where the jobs are. Paths are relative to the input's store path. */
export type JobsetExpression =
  | { readonly type: 'legacy'; readonly input: string; readonly path: string }
  /** As `lockFlake` gives it. */
  | { readonly type: 'flake'; readonly lockedUrl: string; readonly sourcePath?: StorePath }
  | { readonly type: 'network'; readonly input: string; readonly path: string };

export interface JobsetEvaluation {
  /** For people: `project:jobset`. */
  readonly name: string;
  readonly expression: JobsetExpression;
  readonly inputs: readonly ResolvedInput[];
  /** Import from derivation: refused, or built through `buildImported`. */
  readonly allowImportFromDerivation: boolean;
  readonly settings: Pick<EvaluationSettings, 'workers' | 'memoryBudget' | 'jobTimeoutMs' | 'showTrace'>;
  /** Prefixes of URLs that evaluation may fetch besides the inputs. */
  readonly allowedUris?: readonly string[];
}

/** `meta` and other attributes of a job that Proteus uses (hydra.md §2.8). */
export interface JobMeta {
  readonly description: string | null;
  readonly license: string | null;
  readonly homepage: string | null;
  readonly maintainers: string | null;
  readonly schedulingPriority: number;
  /** Seconds. */
  readonly timeout: number | null;
  readonly maxSilent: number | null;
  readonly isChannel: boolean;
}

export interface JobsetJob {
  readonly name: string;
  readonly drvName: string;
  readonly system: string;
  readonly drvPath: StorePath;
  readonly outputs: ReadonlyMap<string, StorePath | undefined>;
  readonly meta: JobMeta;
  /** Names of the jobs it is an aggregate of; undefined when it is none. Aggregates come after all other jobs. */
  readonly constituents?: readonly string[];
}

export type JobsetResult =
  | { readonly type: 'job'; readonly job: JobsetJob }
  | { readonly type: 'failed'; readonly job: string; readonly error: EvaluationError }
  /**
   * Once, after the last host of a network: what it says about them. A worker that has a host in hand can say that at no
   * cost, so jobs need not wait for it.
   */
  | { readonly type: 'network'; readonly network: LoadedNetwork }
  | { readonly type: 'warning'; readonly text: string };

export interface JobsetEvaluationDeps {
  /**
   * Builds what an import from derivation needs; the job goes on when it is there, and it must stay there until the
   * evaluation is over. Rejects only with `interrupted`; a failed build is told in words.
   */
  readonly buildImported: (
    drvPath: StorePath,
  ) => Promise<{ readonly ok: true } | { readonly ok: false; readonly message: string }>;
  /** Makes the derivation safe from the garbage collector before the job is told. */
  readonly keep: (drvPath: StorePath) => Promise<void>;
}
