/**
 * Building: derivations in, outputs out. The contract of the room; `create-build-queue.ts` makes one, over any number
 * of builders.
 */

import type { Emit, StepFailure } from '../events/event.ts';
import type { StorePath } from '../nix/store-path.ts';
import type { Store } from '../store/store.ts';
import type { Builder } from './builder.ts';

export interface BuildQueueOptions {
  /** The store that holds the derivations and receives the outputs. */
  readonly store: Store;
  readonly builders: readonly Builder[];
  readonly emit: Emit;
  /** Folder for logs, one file per attempt: `<2 characters>/<drv base name>.<number>.log`, none ever overwritten. */
  readonly logDirectory: string;
  readonly signal?: AbortSignal | undefined;
  /** Seconds; absent: no limit. */
  readonly maxSilentSeconds?: number | undefined;
  readonly timeoutSeconds?: number | undefined;
  readonly maxLogBytes?: number | undefined;
  /** Ask the store's substituters before building. Default true. */
  readonly substitute?: boolean;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** How long a lost builder is avoided, in milliseconds; doubled each time in a row. Default 5 seconds. */
  readonly retryDelayMs?: number | undefined;
  /** Builders that a step may lose before it fails. Default 5. */
  readonly maxAttempts?: number | undefined;
}

export interface BuildFailure {
  readonly ok: false;
  /** The derivation that failed first, which may be a dependency of the one asked for. */
  readonly drvPath: StorePath;
  readonly reason: StepFailure;
  readonly message: string;
  readonly logTail: readonly string[];
  readonly logFile: string | undefined;
}

export interface BuildSuccess {
  readonly ok: true;
  readonly outputs: ReadonlyMap<string, StorePath>;
  /** All outputs were there, or could be fetched: nothing was built for it. */
  readonly cached: boolean;
}

export type BuildOutcome = BuildSuccess | BuildFailure;

/** Takes derivations at any time, also while others build; what they share is built once. */
export interface BuildQueue extends AsyncDisposable {
  /** Builds all outputs. Rejects only with `interrupted` or a fault of the local store. */
  build(drvPath: StorePath): Promise<BuildOutcome>;
}
