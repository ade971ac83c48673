/**
 * Puts the caches of a server together: the named ones, uploads to all of them, and who may. What was uploaded and came
 * to nothing is removed now and then.
 */

import { randomBytes } from 'node:crypto';
import { setInterval as every } from 'node:timers/promises';
import { createCacheGuard } from '../../cache/access/cache-guard.ts';
import { type CacheSite, createCacheSite } from '../../cache/caches/create-cache-site.ts';
import { type CachesDeps, mainCacheName, openCaches } from '../../cache/caches/open-caches.ts';
import type { CacheHandler } from '../../cache/create-cache-handler.ts';
import type { KeptExtras } from '../../cache/kept/kept-extras.ts';
import type { StoredNars } from '../../cache/stored/stored-nars.ts';
import { createBatchApi } from '../../cache/upload/create-batch-api.ts';
import { createUploads } from '../../cache/upload/create-uploads.ts';
import { sweepUploads } from '../../cache/upload/sweep-uploads.ts';
import type { Access } from '../../ci/access/access.ts';
import type { ServerConfig } from '../../config/config-schema.ts';
import type { Database } from '../../db/database.ts';
import type { SecretKey } from '../../nix/signing-key.ts';
import type { StorePath } from '../../nix/store-path.ts';

export interface CacheSiteOptions {
  readonly database: Database;
  readonly stored: StoredNars;
  readonly kept: KeptExtras;
  readonly keys: readonly SecretKey[];
  readonly config: Pick<ServerConfig, 'private' | 'uploads'>;
  readonly access: Pick<Access, 'userOfToken'>;
  /** Of the cache at the root, and for each named one what a handler needs besides its source, keys and priority. */
  readonly root: CacheHandler;
  readonly handle: CachesDeps['handle'];
  /** The cache at the root has these now. */
  readonly added: (hashParts: readonly string[]) => void;
  /** The path of that hash part, where the cache at the root serves it out of the store. */
  readonly live?: ((hashPart: string) => StorePath | undefined) | undefined;
  /** Makes the cache at the root keep for good what it serves out of the store. */
  readonly adopt?: ((paths: readonly StorePath[], signal: AbortSignal) => Promise<void>) | undefined;
  readonly onFault: (message: string, error: unknown) => void;
  readonly now: () => number;
}

export interface OpenCacheSite extends CacheSite, AsyncDisposable {
  /** With which the server reads its own cache. */
  readonly ownToken: string;
  /** Writes down which paths clients were told of until now. */
  flushServed(): Promise<void>;
}

const sweepEveryMs = 3600_000;

export function openCacheSite(options: CacheSiteOptions): OpenCacheSite {
  const { database, stored, kept, keys, config, access, onFault, now } = options;
  const closing = new AbortController();
  const ownToken = randomBytes(32).toString('base64url');
  const checkMentions = config.uploads['undeclared-references'] === 'refuse';
  const caches = openCaches({ database, stored, keys, handle: options.handle, onFault, now });
  const guard = createCacheGuard({
    tokens: database.cacheTokens,
    // Users read what the server shows them; administrators may do everything.
    async userMay(token, cache, need) {
      const user = await access.userOfToken(token);
      if (user === undefined) return false;
      return user.roles.includes('admin') || (need === 'read' && cache?.name === mainCacheName);
    },
    ownToken,
    now,
  });
  const site = createCacheSite({
    caches,
    guard,
    uploads: createUploads({
      database,
      stored,
      kept,
      checkMentions,
      limits: { maxFileBytes: config.uploads.file, maxNarBytes: config.uploads.nar },
      now,
    }),
    batch: createBatchApi({ database, stored, checkMentions, now }),
    kept,
    root: {
      handler: options.root,
      isPrivate: config.private,
      added: options.added,
      live: options.live,
      adopt: options.adopt,
    },
    onFault,
  });
  const sweeping = sweep();

  async function sweep(): Promise<void> {
    const { signal } = closing;
    const tick = async (): Promise<void> => {
      try {
        await sweepUploads({ uploads: database.cacheUploads, stored, now }, signal);
      } catch (error) {
        if (!signal.aborted) onFault('cannot remove uploads that came to nothing', error);
      }
    };
    await tick();
    try {
      for await (const _ of every(sweepEveryMs, undefined, { signal, ref: false })) await tick();
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  return {
    tryServe: (req, res) => site.tryServe(req, res),
    ownToken,
    flushServed: () => caches.flushServed(),
    async [Symbol.asyncDispose]() {
      closing.abort();
      await sweeping;
      await caches[Symbol.asyncDispose]();
    },
  };
}
