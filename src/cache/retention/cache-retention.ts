/**
 * What of a cache is let go, when, and why: the contract. `create-cache-retention.ts` decides and does it.
 *
 * A path stays while something keeps it (a pin of its cache, or what the continuous loop wants kept), while it was added
 * or clients were told of it lately, and while a path that stays refers to it. A file stays while a path has it.
 * A log or realisation that was uploaded stays while it is new, and while a path stays that it belongs to.
 */

import type { CacheExtraRecord } from '../../db/cache-records.ts';

export interface RemovedPath {
  /** Name of the cache. */
  readonly cache: string;
  readonly path: string;
  readonly narSize: number;
  /** When it was added, or clients were last told of it. */
  readonly lastUsedAt: number;
  readonly why: string;
}

export interface RemovedFile {
  /** Names the file. */
  readonly fileHash: string;
  readonly fileSize: number;
  /** Not before then: a client that was just told of it may still fetch it. Null: now. */
  readonly notBefore: number | null;
}

export interface RemovedExtra {
  /** Name of the cache; null: it was deleted. */
  readonly cache: string | null;
  readonly kind: CacheExtraRecord['kind'];
  readonly name: string;
  /** That it takes. */
  readonly bytes: number;
}

export interface CacheRetentionPlan {
  readonly at: number;
  readonly keptPaths: number;
  readonly paths: readonly RemovedPath[];
  readonly files: readonly RemovedFile[];
  /** By cache and name. */
  readonly extras: readonly RemovedExtra[];
}

export interface CacheRetention {
  /** What `apply` would do; nothing is done. */
  plan(signal?: AbortSignal): Promise<CacheRetentionPlan>;
  /** Says what went; files that have to wait are told, and go in a later run. */
  apply(signal?: AbortSignal): Promise<CacheRetentionPlan>;
}
