/** What the continuous loop is started with. */

import type { Builder } from '../build/builder.ts';
import type { Database } from '../db/database.ts';
import type { ServerEvent } from '../events/event.ts';
import type { SecretKey } from '../nix/signing-key.ts';
import type { StorePath } from '../nix/store-path.ts';
import type { Store } from '../store/store.ts';
import type { StoreDatabase } from '../store/store-database.ts';
import type { ParseDeclared } from './declarative/declaration.ts';
import type { RunDeps } from './rollouts/run-rollout.ts';

export interface CiOptions {
  /** Stays open when the loop ends. */
  readonly database: Database;
  /** The local store; stays open, too. */
  readonly store: Store;
  readonly storeDatabase: StoreDatabase;
  readonly builders: readonly Builder[];
  /** `logs`, `gcroots` and `scm` are made in it. */
  readonly dataDirectory: string;
  /** Every path of what was built is signed with all of them. */
  readonly keys: readonly SecretKey[];
  /** Throws when the cache does not answer for one of them: what is built has succeeded only when it does. */
  readonly assertServable: (paths: readonly StorePath[]) => Promise<void>;
  /** Checks a jobset that a declarative project declares. */
  readonly parseDeclared: ParseDeclared;
  /** Default: nothing can be rolled out. */
  readonly rollouts?: RolloutOptions | undefined;
  readonly settings?: Partial<CiSettings>;
  /** Told everything, besides those who listen to `Ci.events`. */
  readonly onEvent?: (event: ServerEvent) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Ends the loop, as disposing of it does. */
  readonly signal?: AbortSignal;
}

/** How hosts are reached. */
export interface RolloutOptions extends Pick<RunDeps, 'openSteps'> {
  /** Brings closures back into the store that are only kept in the cache. */
  readonly restore: (paths: readonly StorePath[], signal: AbortSignal) => Promise<unknown>;
  readonly secretsFolder: string | undefined;
  readonly defaultUser: string | undefined;
}

/** 0 is no limit, where a limit is said. */
export interface CiSettings {
  /** Jobsets that are evaluated at a time. */
  readonly evaluationsAtOnce: number;
  readonly evaluationTimeoutMs: number;
  /** Of one jobset; undefined: the evaluator's own choice. */
  readonly evaluationWorkers: number | undefined;
  /** Bytes, of one jobset; undefined: the evaluator's own choice. */
  readonly evaluationMemory: number | undefined;
  readonly allowedUris: readonly string[];
  /** Of a step, for builds that do not say. */
  readonly timeoutSeconds: number;
  readonly maxSilentSeconds: number;
  readonly maxLogBytes: number;
  readonly maxOutputBytes: number;
  /** How long a derivation that failed is not tried again. */
  readonly failuresKeptMs: number;
  /** How often roots are cleaned up without an evaluation; 0: never. */
  readonly retentionIntervalMs: number;
}

const hourMs = 3_600_000;

export const defaultCiSettings: CiSettings = {
  evaluationsAtOnce: 4,
  evaluationTimeoutMs: hourMs,
  evaluationWorkers: undefined,
  evaluationMemory: undefined,
  allowedUris: [],
  timeoutSeconds: 36_000,
  maxSilentSeconds: 3600,
  maxLogBytes: 64 * 2 ** 20,
  maxOutputBytes: 0,
  failuresKeptMs: 7 * 24 * hourMs,
  retentionIntervalMs: 24 * hourMs,
};
