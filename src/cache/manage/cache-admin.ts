/**
 * What administrators do with caches, with the checks that belong to it, wherever it is asked for: on the command line
 * with the database, or over HTTP. A server that runs knows of changes within a few seconds.
 */

import type { CachePinRecord, CacheRecord, CacheTokenRecord } from '../../db/cache-records.ts';
import type { Database } from '../../db/database.ts';
import { parseStorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import { hashCacheToken, newCacheToken } from '../access/cache-token.ts';
import { mainCacheName } from '../caches/open-caches.ts';
import { checkCacheName, findCache } from './cache-name.ts';

/** A cache with what is in it. */
export interface CacheSummary extends CacheRecord {
  /** Those that it keeps for good. */
  readonly paths: number;
  readonly bytes: number;
}

export interface CacheOverview extends CacheSummary {
  readonly pins: readonly CachePinRecord[];
  readonly tokens: readonly CacheTokenRecord[];
}

export type CacheSettings = Pick<CacheRecord, 'priority' | 'isPrivate' | 'quota' | 'keys'>;
/** What is undefined stays, or is as caches are when nothing is said. */
export type CacheChange = { readonly [Key in keyof CacheSettings]?: CacheSettings[Key] | undefined };

export interface NewCacheToken {
  readonly name: string;
  readonly mayPush: boolean;
  readonly expiresAt: number | null;
}

export interface CacheAdmin {
  list(): Promise<readonly CacheSummary[]>;
  /** All that names a cache throws `cache.unknown`. */
  show(name: string): Promise<CacheOverview>;
  /** Throws `cache.invalid`, and `db.taken` for a name that there is. */
  create(name: string, change: CacheChange): Promise<CacheRecord>;
  edit(name: string, change: CacheChange): Promise<CacheRecord>;
  delete(name: string): Promise<CacheRecord>;
  tokens(cache: string): Promise<readonly CacheTokenRecord[]>;
  /** `secret` is told this once. */
  createToken(
    cache: string,
    token: NewCacheToken,
  ): Promise<{ readonly token: CacheTokenRecord; readonly secret: string }>;
  revokeToken(cache: string, id: number): Promise<void>;
  /** Replaces a pin of that name. Throws `cache.invalid` when the cache does not have the path. */
  pin(cache: string, pin: Pick<CachePinRecord, 'name' | 'path' | 'expiresAt'>): Promise<CachePinRecord>;
  unpin(cache: string, name: string): Promise<void>;
}

export interface CacheAdminDeps {
  readonly database: Pick<Database, 'caches' | 'cachePaths' | 'cacheTokens' | 'cacheUploads'>;
  readonly now: () => number;
}

const usual: CacheSettings = { isPrivate: false, priority: 40, quota: null, keys: [] };

export function createCacheAdmin({ database, now }: CacheAdminDeps): CacheAdmin {
  const { caches, cachePaths, cacheTokens, cacheUploads } = database;
  const find = (name: string): Promise<CacheRecord> => findCache(database, name);
  const summary = async (cache: CacheRecord): Promise<CacheSummary> => ({
    ...cache,
    paths: await cachePaths.count(cache.id),
    bytes: await cacheUploads.bytes(cache.id),
  });

  return {
    list: async () => Promise.all((await caches.list()).map(summary)),
    async show(name) {
      const cache = await find(name);
      return {
        ...(await summary(cache)),
        pins: await caches.pins(cache.id),
        tokens: await cacheTokens.list(cache.id),
      };
    },
    async create(name, change) {
      checkCacheName(name);
      return caches.create({ name, ...changed(usual, change), createdAt: now() });
    },
    async edit(name, { quota, ...rest }) {
      if (name === mainCacheName && Object.values(rest).some((value) => value !== undefined)) {
        throw new AppError(
          'cache.invalid',
          'of the cache at the root only the quota is set here: the configuration has private, priority and keys',
        );
      }
      const cache = await find(name);
      const settings = changed(cache, { ...rest, quota });
      await caches.update(cache.id, settings);
      return { ...cache, ...settings };
    },
    async delete(name) {
      if (name === mainCacheName) {
        throw new AppError(
          'cache.invalid',
          'the cache at the root is the server’s own and cannot be deleted',
        );
      }
      const cache = await find(name);
      await caches.delete(cache.id);
      return cache;
    },
    tokens: async (cache) => cacheTokens.list((await find(cache)).id),
    async createToken(cache, { name, mayPush, expiresAt }) {
      const { id: cacheId } = await find(cache);
      const secret = newCacheToken();
      const hash = hashCacheToken(secret);
      const token = { cacheId, hash, name, mayPush, createdAt: now(), expiresAt };
      return { token: await cacheTokens.create(token), secret };
    },
    async revokeToken(cache, id) {
      if (await cacheTokens.delete((await find(cache)).id, id)) return;
      throw new AppError('cache.invalid', `the cache ${cache} has no token ${id}`);
    },
    async pin(cache, { name, path, expiresAt }) {
      parseStorePath(path);
      const { id: cacheId } = await find(cache);
      const pin = { cacheId, name, path, createdAt: now(), expiresAt };
      if (await caches.setPin(pin)) return pin;
      throw new AppError('cache.invalid', `the cache ${cache} does not have ${path}`, {
        hint: 'Upload it first: `proteus cache push`.',
      });
    },
    async unpin(cache, name) {
      if (await caches.removePin((await find(cache)).id, name)) return;
      throw new AppError('cache.invalid', `the cache ${cache} has no pin '${name}'`);
    },
  };
}

function changed(before: CacheSettings, change: CacheChange): CacheSettings {
  const {
    priority = before.priority,
    isPrivate = before.isPrivate,
    quota = before.quota,
    keys = before.keys,
  } = change;
  return { priority, isPrivate, quota, keys };
}
