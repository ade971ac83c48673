/**
 * The named caches of a server, each with what answers for it. They are kept in the database and may be changed by other
 * programs there; the list is read again when it is a few seconds old, and sooner for a name that it does not have.
 * Whatever of a cache has changed, its answers are made anew.
 */

import type { CacheRecord, StoredNarRecord } from '../../db/cache-records.ts';
import type { Database } from '../../db/database.ts';
import type { SecretKey } from '../../nix/signing-key.ts';
import { AppError } from '../../util/app-error.ts';
import { checkKeys } from '../check-keys.ts';
import type { CacheHandler } from '../create-cache-handler.ts';
import { keepFollowing } from '../index/keep-following.ts';
import type { PathSource } from '../path-source.ts';
import type { StoredNars } from '../stored/stored-nars.ts';
import { type CachePathSource, createCachePathSource } from './cache-path-source.ts';

/** The one at the root of the server, which has a source and a handler of its own. */
export const mainCacheName = 'main';

export interface OpenCache {
  readonly record: CacheRecord;
  readonly source: CachePathSource;
  readonly handler: CacheHandler;
}

export interface CachesDeps {
  readonly database: Pick<Database, 'caches' | 'cachePaths' | 'cacheUploads'>;
  readonly stored: StoredNars;
  /** Of the server. */
  readonly keys: readonly SecretKey[];
  /** What answers for a cache. */
  readonly handle: (options: {
    readonly id: number;
    readonly name: string;
    readonly source: PathSource;
    readonly keys: readonly SecretKey[];
    readonly priority: number;
    /** Files are shared by all caches: whether this one may give it out. */
    readonly mayServe: (nar: StoredNarRecord) => Promise<boolean>;
  }) => CacheHandler;
  readonly onFault: (message: string, error: unknown) => void;
  readonly now: () => number;
}

export interface Caches extends AsyncDisposable {
  /** Rejects with `cache.no-key` when the server has none of the keys that the cache is to sign with. */
  find(name: string): Promise<OpenCache | undefined>;
  /** Of the cache at the root. */
  main(): Promise<CacheRecord>;
  /** Writes down which paths clients were told of until now. */
  flushServed(): Promise<void>;
}

const listIsGoodMs = 3000;
const namesAreGoodMs = 500;
const servedEveryMs = 60_000;
const followMs = 1000;

export function openCaches(deps: CachesDeps): Caches {
  const { database, stored, keys, now, onFault } = deps;
  let records = new Map<string, CacheRecord>();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;
  const open = new Map<number, OpenCache>();

  const read = async (): Promise<void> => {
    const began = now();
    const list = await database.caches.list();
    records = new Map(list.map((record) => [record.name, record]));
    const ids = new Set(list.map(({ id }) => id));
    for (const id of open.keys()) if (!ids.has(id)) open.delete(id);
    readAt = began;
  };
  const refresh = (maxAgeMs: number): Promise<void> | undefined => {
    if (now() - readAt < maxAgeMs) return undefined;
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  const record = async (name: string): Promise<CacheRecord | undefined> => {
    await refresh(listIsGoodMs);
    if (!records.has(name)) await refresh(namesAreGoodMs);
    return records.get(name);
  };

  const sourceOf = (id: number): CachePathSource => {
    const known = open.get(id);
    if (known !== undefined) return known.source;
    const source = createCachePathSource({ cacheId: id, paths: database.cachePaths, stored, now });
    source.load().catch((error: unknown) => onFault(`the paths of cache ${id} cannot be read`, error));
    return source;
  };

  const flush = async (): Promise<void> => {
    for (const [id, { source }] of open) {
      const hashParts = source.takeServed();
      if (hashParts.length > 0) await database.cachePaths.setServed(id, hashParts, now());
    }
  };
  let flushing = Promise.resolve();
  const timer = setInterval(() => {
    flushing = flush().catch((error: unknown) => onFault('cannot write down which paths were served', error));
  }, servedEveryMs).unref();

  const following = keepFollowing({
    everyMs: followMs,
    async follow() {
      for (const { source } of open.values()) await source.follow();
    },
    onFault: (error) => onFault('cannot follow what other processes add to the caches', error),
  });

  return {
    async find(name) {
      const found = await record(name);
      if (found === undefined || name === mainCacheName) return undefined;
      const known = open.get(found.id);
      if (known !== undefined && JSON.stringify(known.record) === JSON.stringify(found)) return known;
      const source = sourceOf(found.id);
      const chosen = keysOf(found, keys);
      const made = {
        record: found,
        source,
        handler: deps.handle({
          id: found.id,
          name,
          source,
          keys: chosen,
          priority: found.priority,
          mayServe: ({ fileHash }) => database.cacheUploads.has(found.id, fileHash),
        }),
      };
      open.set(found.id, made);
      return made;
    },
    async main() {
      const found = await record(mainCacheName);
      if (found === undefined) throw new AppError('cache.unknown', 'the database has no cache main');
      return found;
    },
    flushServed: flush,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await following[Symbol.asyncDispose]();
      await flushing;
      await flush().catch(() => {});
    },
  };
}

/** Throws `cache.no-key`: rather nothing than something unsigned. */
function keysOf(cache: CacheRecord, keys: readonly SecretKey[]): readonly SecretKey[] {
  const chosen = cache.keys.length === 0 ? keys : keys.filter(({ name }) => cache.keys.includes(name));
  if (chosen.length === 0) {
    throw new AppError(
      'cache.no-key',
      `the cache ${cache.name} is to be signed with ${cache.keys.join(', ')}, and the server has no such key`,
    );
  }
  checkKeys(chosen);
  return chosen;
}
