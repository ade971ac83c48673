/** What the caches of a server let go, tied to what else the server keeps; runs by itself until disposed. */

import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { KeptExtras } from '../../cache/kept/kept-extras.ts';
import type { CacheRetention } from '../../cache/retention/cache-retention.ts';
import { createCacheRetention } from '../../cache/retention/create-cache-retention.ts';
import { createCacheRetentionLoop } from '../../cache/retention/create-cache-retention-loop.ts';
import type { StoredNars } from '../../cache/stored/stored-nars.ts';
import type { ServerConfig } from '../../config/config-schema.ts';
import type { Database } from '../../db/database.ts';
import type { Logger } from '../../log/create-logger.ts';
import type { StoreDatabase } from '../../store/store-database.ts';

export interface CacheRetentionOptions {
  readonly config: ServerConfig['retention'];
  readonly database: Database;
  readonly storeDatabase: Pick<StoreDatabase, 'pathsAfter'>;
  readonly stored: Pick<StoredNars, 'remove'>;
  readonly kept: Pick<KeptExtras, 'sweep' | 'unowned'>;
  /** Writes down which paths clients were told of until now. */
  readonly flushServed?: () => Promise<void>;
  /** Paths of caches went. */
  readonly onRemoved?: () => Promise<void>;
  readonly log: Logger;
}

/** Rows of the store's database that are read before others get their turn. */
const pageSize = 1000;

export function openCacheRetention(options: CacheRetentionOptions): CacheRetention & AsyncDisposable {
  const { config, database, storeDatabase, stored, kept, flushServed, onRemoved, log } = options;
  const decided = createCacheRetention({
    database,
    async *wanted() {
      for await (const { path } of database.builds.retained(Date.now())) yield path;
    },
    async *liveContents() {
      for (let last = 0; ; ) {
        const rows = storeDatabase.pathsAfter(last, pageSize);
        for (const { info } of rows) if (info !== undefined) yield info.narHash;
        if (rows.length < pageSize) return;
        last = rows.at(-1)?.id ?? last;
        await yieldToOthers();
      }
    },
    kept,
    removeFile: (fileHash) => stored.remove(fileHash),
    ...(flushServed === undefined ? {} : { flushServed }),
    graceMs: config['cache-grace'] * 1000,
    now: Date.now,
  });
  const retention: CacheRetention = {
    plan: (signal) => decided.plan(signal),
    async apply(signal) {
      const plan = await decided.apply(signal);
      if (plan.paths.length > 0) await onRemoved?.();
      return plan;
    },
  };
  const loop = createCacheRetentionLoop({
    retention,
    intervalMs: config.every * 1000,
    onRemoved: (text) => log.info(text),
    onFault: (text, error) => log.error({ err: error }, text),
  });
  return { ...retention, [Symbol.asyncDispose]: () => loop[Symbol.asyncDispose]() };
}
