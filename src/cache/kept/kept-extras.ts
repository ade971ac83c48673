/**
 * What caches keep beside paths, because clients have put it there: logs and realisations. The contract;
 * `open-kept-extras.ts` keeps them in the database and logs in a blob store.
 */

import type { CacheExtraRecord } from '../../db/cache-records.ts';
import type { Realisation } from '../../store/read-realisation.ts';

export type RealisationKind = Exclude<CacheExtraRecord['kind'], 'log'>;

export interface KeptLog {
  /** Bytes. */
  readonly size: number;
  /** sha256, base 16. */
  readonly hash: string;
  /** Its last piece comes only when all of it is known to be right. Throws `cache.log-corrupted`, `blobs.…`. */
  read(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface KeptExtras {
  /** `name`: base name of the derivation. Throws `cache.conflict`, `cache.quota`, `blobs.full`. */
  putLog(cacheId: number, name: string, log: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Of a path that the cache has. Throws `cache.conflict`, also when one that it depends on became another path here. */
  putRealisation(
    cacheId: number,
    kind: RealisationKind,
    name: string,
    realisation: Realisation,
  ): Promise<void>;
  log(cacheId: number, name: string): Promise<KeptLog | undefined>;
  realisation(cacheId: number, kind: RealisationKind, name: string): Promise<Realisation | undefined>;
  /** Hash parts of paths of the cache that have the debug information of this program. */
  withBuildId(cacheId: number, buildId: string): Promise<readonly string[]>;
  /** Removes what was added before then and belongs to no path any more, and what is left of deleted caches; says what. */
  sweep(before: number, signal?: AbortSignal): Promise<readonly CacheExtraRecord[]>;
  /** What that would remove if those paths (by cache and hash part) were not there any more. */
  unowned(
    before: number,
    isGone: (cacheId: number, hashPart: string) => boolean,
  ): AsyncIterable<CacheExtraRecord>;
}
