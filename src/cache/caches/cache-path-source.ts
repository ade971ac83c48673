/**
 * The paths that a cache keeps for good, as a source of answers. The hash parts of all of them are in memory, so that a
 * miss costs no query; until they are read, every path may be there.
 *
 * Whoever adds paths says so here; those that other processes add are found by following the database. Paths also go,
 * taken away by another process perhaps: from time to time the version
 * changes by itself, so that what is kept of answers is looked up again. Deleted paths stay among the hash parts, which
 * may err on that side.
 */

import type { CachePathRepository } from '../../db/cache-database.ts';
import type { CachePathRecord, StoredNarRecord } from '../../db/cache-records.ts';
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
  /** Reads which paths other processes have added since. */
  follow(): Promise<void>;
  /** Hash parts that were looked up and found since the last time this was asked. */
  takeServed(): readonly string[];
}

export interface CachePathSourceDeps {
  readonly cacheId: number;
  readonly paths: Pick<CachePathRepository, 'get' | 'hashPartsAfter'>;
  readonly stored: Pick<StoredNars, 'find'>;
  readonly now: () => number;
}

/** For so long an answer may be given that is not true any more, as its path was deleted. */
export const lookAgainMs = 30_000;

export function createCachePathSource(deps: CachePathSourceDeps): CachePathSource {
  const { cacheId, paths, stored, now } = deps;
  let known = createHashPartSet();
  let next: typeof known | undefined;
  const served = new Set<string>();
  let isComplete = false;
  let lastId = 0;
  let version = 0;
  let lookAgainAt = now() + lookAgainMs;

  /** Adds the hash parts of all after that id, and says the id of the last. */
  const readAfter = async (id: number, to: typeof known): Promise<number> => {
    for (let at = id; ; ) {
      const page = await paths.hashPartsAfter(cacheId, at);
      for (const hashPart of page.hashParts) to.add(hashPart);
      at = page.lastId;
      if (page.isLast) return at;
    }
  };

  return {
    version() {
      if (now() >= lookAgainAt) {
        version += 1;
        lookAgainAt = now() + lookAgainMs;
      }
      return version;
    },
    mayHave: (hashPart) => !isComplete || known.has(hashPart),
    mayHaveAt: (bytes, at) => !isComplete || known.hasAt(bytes, at),
    async lookup(hashPart) {
      const path = await paths.get(cacheId, hashPart);
      const found = path && servedPath(path, await stored.find(path.fileHash));
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
      const readTo = await readAfter(0, read);
      known = read;
      lastId = readTo;
      isComplete = true;
      version += 1;
    },
    async follow() {
      if (!isComplete) return this.load();
      const before = lastId;
      lastId = await readAfter(before, known);
      if (lastId !== before) version += 1;
    },
    takeServed() {
      const taken = [...served];
      served.clear();
      return taken;
    },
  };
}

/** Undefined when its file is not there, which is nothing to tell clients of. */
function servedPath(row: CachePathRecord, file: StoredNarRecord | undefined): ServedPath | undefined {
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
