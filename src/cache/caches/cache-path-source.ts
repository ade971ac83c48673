/**
 * The paths that a cache keeps for good, as a source of answers. The hash parts of all of them are in memory, so that a
 * miss costs no query; until they are read, every path may be there.
 *
 * Whoever adds paths says so here. Paths also go, taken away by another process perhaps: from time to time the version
 * changes by itself, so that what is kept of answers is looked up again. Deleted paths stay among the hash parts, which
 * may err on that side.
 */

import type { CachePathRepository } from '../../db/cache-database.ts';
import type { CachePathRecord } from '../../db/cache-records.ts';
import { parseStorePath } from '../../nix/store-path.ts';
import { createHashPartSet } from '../index/hash-part-set.ts';
import type { PathSource, ServedPath } from '../path-source.ts';
import type { StoredNars } from '../stored/stored-nars.ts';

export interface CachePathSource extends PathSource {
  lookup(hashPart: string): Promise<ServedPath | undefined>;
  /** These are there now. */
  added(hashParts: readonly string[]): void;
  /**
   * Reads which paths there are; again when paths went. Until it has ended for the first time, and when that fails, every
   * path may be there.
   */
  load(): Promise<void>;
  /** Hash parts that were looked up and found since the last time this was asked. */
  takeServed(): readonly string[];
}

export interface CachePathSourceDeps {
  readonly cacheId: number;
  readonly paths: Pick<CachePathRepository, 'get' | 'hashParts'>;
  readonly stored: Pick<StoredNars, 'byFileHash'>;
  readonly now: () => number;
}

/** For so long an answer may be given that is not true any more, as its path was deleted. */
const lookAgainMs = 30_000;

export function createCachePathSource(deps: CachePathSourceDeps): CachePathSource {
  const { cacheId, paths, stored, now } = deps;
  let known = createHashPartSet();
  let next: typeof known | undefined;
  const served = new Set<string>();
  let isComplete = false;
  let version = 0;
  let lookAgainAt = now() + lookAgainMs;

  return {
    version() {
      if (now() >= lookAgainAt) {
        version += 1;
        lookAgainAt = now() + lookAgainMs;
      }
      return version;
    },
    mayHave: (hashPart) => !isComplete || known.has(hashPart),
    async lookup(hashPart) {
      const path = await paths.get(cacheId, hashPart);
      const found = path && servedPath(path, stored);
      if (found !== undefined) served.add(hashPart);
      return found;
    },
    added(hashParts) {
      for (const hashPart of hashParts) {
        known.add(hashPart);
        next?.add(hashPart);
      }
      version += 1;
    },
    async load() {
      const read = createHashPartSet();
      // What is added meanwhile may come too late to be read.
      next = read;
      for await (const hashPart of paths.hashParts(cacheId)) read.add(hashPart);
      known = read;
      isComplete = true;
      version += 1;
    },
    takeServed() {
      const taken = [...served];
      served.clear();
      return taken;
    },
  };
}

/** Undefined when its file is not there, which is nothing to tell clients of. */
function servedPath(row: CachePathRecord, stored: Pick<StoredNars, 'byFileHash'>): ServedPath | undefined {
  const file = stored.byFileHash(row.fileHash);
  if (file === undefined) return undefined;
  return {
    path: parseStorePath(row.path),
    deriver: row.deriver === null ? undefined : parseStorePath(row.deriver),
    narHash: row.narHash,
    narSize: row.narSize,
    references: row.references.map(parseStorePath),
    registrationTime: Math.floor(row.addedAt / 1000),
    ultimate: false,
    signatures: row.signatures,
    contentAddress: row.ca ?? '',
    stored: file,
    isKept: true,
  };
}
