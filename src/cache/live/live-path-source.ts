/**
 * The paths of the live store, out of its read-only database: always answered at once. Rows without a hash or a size, which
 * no client could use, count as not there.
 */

import type { PathInfo } from '../../store/store.ts';
import { createStoreFollower, type FollowedDatabase } from '../index/follow-store.ts';
import type { PathSource } from '../path-source.ts';

/** The part of the read-only store database that the cache asks. */
export interface CacheDatabase extends FollowedDatabase {
  /** By the 32 characters of nix32 after `/nix/store/`. */
  lookupHashPart(hashPart: string): PathInfo | undefined;
}

export interface LivePathSource extends PathSource {
  lookup(hashPart: string): PathInfo | undefined;
}

/** Its functions throw what the database throws. */
export function createLivePathSource(database: CacheDatabase): LivePathSource {
  const follower = createStoreFollower(database);
  return {
    version: () => follower.version(),
    mayHave: (hashPart) => follower.mayHave(hashPart),
    mayHaveAt: (bytes, at) => follower.mayHaveAt(bytes, at),
    lookup(hashPart) {
      const info = database.lookupHashPart(hashPart);
      return info === undefined || info.narSize === 0 || info.narHash === '' ? undefined : info;
    },
  };
}
