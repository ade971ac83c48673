/**
 * All caches of a server: the one at its root, over the live store and the files that it keeps for good, the named ones,
 * what makes them grow with the builds, and what lets them go.
 */

import { openNarBlobs } from '../../blobs/open-nar-blobs.ts';
import type { CacheSite } from '../../cache/caches/create-cache-site.ts';
import { mainCacheName } from '../../cache/caches/open-caches.ts';
import {
  type CacheHandler,
  type CacheHandlerOptions,
  createCacheHandler,
} from '../../cache/create-cache-handler.ts';
import { createExtras } from '../../cache/extras/create-extras.ts';
import type { HotAnswers } from '../../cache/hot/hot-answers.ts';
import type { KeptLog } from '../../cache/kept/kept-extras.ts';
import { keptSource } from '../../cache/kept/kept-source.ts';
import { openKeptExtras } from '../../cache/kept/open-kept-extras.ts';
import { createDumpPool } from '../../cache/live/create-dump-pool.ts';
import { createLivePathSource } from '../../cache/live/live-path-source.ts';
import { findCache } from '../../cache/manage/cache-name.ts';
import { openStoredMain } from '../../cache/stored/open-stored-main.ts';
import { restoreClosure } from '../../cache/stored/restore-closure.ts';
import type { Access } from '../../ci/access/access.ts';
import type { ServerConfig } from '../../config/config-schema.ts';
import type { Database } from '../../db/database.ts';
import type { Logger } from '../../log/create-logger.ts';
import type { SecretKey } from '../../nix/signing-key.ts';
import type { StorePath } from '../../nix/store-path.ts';
import type { Store } from '../../store/store.ts';
import type { StoreDatabase } from '../../store/store-database.ts';
import type { DataDirectory } from './data-directory.ts';
import { keepBuildOutputs } from './keep-build-outputs.ts';
import { openCacheRetention } from './open-cache-retention.ts';
import { openCacheSite } from './open-cache-site.ts';

export interface ServerCacheDeps {
  readonly config: ServerConfig;
  readonly directory: DataDirectory;
  readonly database: Database;
  readonly store: Store;
  readonly storeDatabase: StoreDatabase;
  readonly keys: readonly SecretKey[];
  readonly access: Access;
  /** How clients reach the server, where that is configured. */
  readonly baseUrl: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
  readonly onFault: (text: string, error: unknown) => void;
}

export interface ServerCache extends AsyncDisposable {
  tryServe: CacheSite['tryServe'];
  /** For the front door; undefined where every request must show a token, for it looks at none. */
  readonly hot: HotAnswers | undefined;
  /** With which the server itself may read. */
  readonly ownToken: string;
  readonly retention: ReturnType<typeof openCacheRetention>;
  /** Brings closures back into the store that are only kept as files. */
  restore(paths: readonly StorePath[], signal: AbortSignal): Promise<unknown>;
  /** A log that was uploaded to the cache at the root, by the base name of its derivation. */
  log(name: string): Promise<KeptLog | undefined>;
  /** That build has ended, in whatever way: what it made is kept. */
  buildFinished(buildId: number): void;
}

/** Throws `blobs.…`, `db.…`. */
export async function openServerCache(deps: ServerCacheDeps): Promise<ServerCache> {
  const { config, directory, database, store, storeDatabase, keys, access, baseUrl, env, log, onFault } =
    deps;
  await using stack = new AsyncDisposableStack();
  const nars = stack.use(createDumpPool());
  const blobs = stack.use(
    await openNarBlobs(config.nars.at ?? directory.nars, { staging: directory.staging, env }),
  );
  const live = createLivePathSource(storeDatabase);
  const stored = stack.use(
    await openStoredMain({
      blobs,
      database,
      store,
      storeDatabase,
      live,
      dump: (info) => nars.dumpShared(info),
      accel: config.nars['x-accel'],
      onFault,
      now: Date.now,
    }),
  );
  const kept = openKeptExtras({ blobs, database, now: Date.now });
  const main = await findCache(database, mainCacheName);
  const handle = (
    options: Pick<CacheHandlerOptions, 'source' | 'keys' | 'priority' | 'stored' | 'extras'>,
  ): CacheHandler =>
    createCacheHandler({
      ...options,
      store,
      dump: (info, range) => nars.dumpShared(info, range),
      // The API has them, those of attempts that still run included.
      serveLogs: false,
      onFault,
    });
  const cache = handle({
    source: stored.source,
    keys,
    priority: config.priority,
    stored: stored.serving,
    extras: createExtras({
      database: storeDatabase,
      keys,
      baseUrl,
      stored: stored.nars,
      kept: keptSource(kept, main.id),
    }),
  });
  const site = stack.use(
    openCacheSite({
      database,
      stored: stored.nars,
      kept,
      keys,
      config,
      access,
      root: cache,
      handle: ({ id, name, mayServe, ...options }) =>
        handle({
          ...options,
          stored: { nars: stored.nars, accel: config.nars['x-accel'], mayServe },
          extras: createExtras({
            database: storeDatabase,
            keys: options.keys,
            baseUrl,
            folder: `/c/${name}`,
            kept: keptSource(kept, id),
          }),
        }),
      added: (hashParts) => stored.kept.added(hashParts),
      live: (hashPart) => (live.mayHave(hashPart) ? live.lookup(hashPart)?.path : undefined),
      adopt: (paths, until) => stored.materialiser.keep(paths, until),
      onFault,
      now: Date.now,
    }),
  );
  const retention = stack.use(
    openCacheRetention({
      config: config.retention,
      database,
      storeDatabase,
      stored: stored.nars,
      kept,
      flushServed: async () => {
        await Promise.all([stored.flushServed(), site.flushServed()]);
      },
      onRemoved: () => stored.kept.load(),
      log,
    }),
  );
  const keeping = config.nars.keep
    ? stack.use(keepBuildOutputs({ database, materialiser: stored.materialiser, onFault, now: Date.now }))
    : undefined;
  const owned = stack.move();
  return {
    tryServe: (req, res) => site.tryServe(req, res) || cache.tryServe(req, res),
    hot: config.private ? undefined : cache.hot,
    ownToken: site.ownToken,
    retention,
    restore: (paths, signal) =>
      restoreClosure(paths, { store, kept: stored.kept, nars: stored.nars }, signal),
    log: (name) => kept.log(main.id, name),
    buildFinished: (buildId) => keeping?.finished(buildId),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
