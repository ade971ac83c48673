/**
 * The cache at the root of a server with files: what it has, what it keeps for good, and what makes it grow. Put together
 * here once, for the server and for `cache serve`.
 */

import type { BlobStore } from '../../blobs/blob-store.ts';
import type { Database } from '../../db/database.ts';
import { storePathHash } from '../../nix/store-path.ts';
import type { PathInfo, Store } from '../../store/store.ts';
import type { StoreDatabase } from '../../store/store-database.ts';
import { type CachePathSource, createCachePathSource } from '../caches/cache-path-source.ts';
import { mainCacheName } from '../caches/open-caches.ts';
import { createTempRootKeeper } from '../create-temp-root-keeper.ts';
import { listBuildIds } from '../extras/list-build-ids.ts';
import { keepFollowing } from '../index/keep-following.ts';
import type { PathSource } from '../path-source.ts';
import { createMaterialiser, type Materialiser } from './create-materialiser.ts';
import { createMainGate } from './main-gate.ts';
import { createMainPathSource } from './main-path-source.ts';
import { openStoredNars } from './open-stored-nars.ts';
import { remakeFromStore } from './remake-from-store.ts';
import type { StoredServing } from './serve-nar-file.ts';
import type { StoredNars } from './stored-nars.ts';

export interface StoredMainOptions {
  /** Both stay open. */
  readonly blobs: BlobStore;
  readonly database: Pick<Database, 'storedNars' | 'caches' | 'cachePaths' | 'cacheUploads' | 'cacheExtras'>;
  readonly store: Pick<Store, 'leaseTempRoots'>;
  readonly storeDatabase: Pick<StoreDatabase, 'lookupPath'>;
  /** The paths of the live store. */
  readonly live: PathSource;
  readonly dump: (info: PathInfo) => AsyncIterable<Uint8Array>;
  /** Where a server in front has the folder of the files. */
  readonly accel?: string | undefined;
  readonly onFault: (message: string, error: unknown) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long making files waits when there is no space. Default half a minute. */
  readonly retryMs?: number | undefined;
}

export interface StoredMain extends AsyncDisposable {
  readonly nars: StoredNars;
  readonly source: PathSource;
  /** The paths that are kept for good; whoever adds some says so there. */
  readonly kept: CachePathSource;
  readonly serving: StoredServing;
  readonly materialiser: Materialiser;
  /** Writes down which paths clients were told of until now. */
  flushServed(): Promise<void>;
}

const servedEveryMs = 60_000;
const followMs = 250;

/** Throws what the database throws. */
export async function openStoredMain(options: StoredMainOptions): Promise<StoredMain> {
  const { blobs, database, storeDatabase, live, dump, onFault, now } = options;
  await using stack = new AsyncDisposableStack();
  const roots = createTempRootKeeper(options.store);
  const main = await database.caches.find(mainCacheName);
  if (main === undefined) throw new TypeError('every database has a main cache');
  const nars = stack.use(
    await openStoredNars({
      blobs,
      database,
      remake: remakeFromStore({ paths: database.cachePaths, storeDatabase, roots, dump }),
      onWithdrawn: (paths) => {
        for (const { path } of paths)
          onFault(`${path} is kept no more: a file that it needs was lost`, undefined);
      },
      onFault,
      now,
    }),
  );
  const kept = createCachePathSource({ cacheId: main.id, paths: database.cachePaths, stored: nars, now });
  kept.load().catch((error: unknown) => onFault('the paths of the cache cannot be read', error));
  stack.use(
    keepFollowing({
      everyMs: followMs,
      follow: () => kept.follow(),
      onFault: (error) => onFault('cannot follow what other processes add to the cache', error),
    }),
  );
  const served = new Set<string>();
  /** Files that clients were sent to for paths of the live store. */
  const told = new Set<string>();
  const flush = async (): Promise<void> => {
    const hashParts = [...served, ...kept.takeServed()];
    served.clear();
    if (hashParts.length > 0) await database.cachePaths.setServed(main.id, hashParts, now());
  };
  let flushing = Promise.resolve();
  const timer = setInterval(() => {
    flushing = flush().catch((error: unknown) => onFault('cannot write down which paths were served', error));
  }, servedEveryMs).unref();
  stack.defer(async () => {
    clearInterval(timer);
    await flushing;
    await flush().catch(() => {});
  });
  const materialiser = stack.use(
    createMaterialiser({
      nars,
      cacheId: main.id,
      paths: database.cachePaths,
      storeDatabase,
      roots,
      dump,
      async onStored({ path, narHash }) {
        await database.cacheExtras.setBuildIds(narHash, await listBuildIds(path));
      },
      onAdded: (hashParts) => kept.added(hashParts),
      onFault,
      now,
      ...(options.retryMs === undefined ? {} : { retryMs: options.retryMs }),
    }),
  );
  const owned = stack.move();
  return {
    nars,
    source: createMainPathSource({
      live,
      kept,
      nars,
      onFile({ path }, { fileHash }) {
        // Somebody else's file of the same content: ours to give out, too, and soon that of a path of our own.
        if (kept.mayHave(storePathHash(path)) || told.has(fileHash)) return;
        told.add(fileHash);
        materialiser.want([path], 'asked');
      },
      onServed: (hashPart) => served.add(hashPart),
    }),
    kept,
    serving: {
      nars,
      accel: options.accel,
      mayServe: createMainGate({
        paths: database.cachePaths,
        uploads: database.cacheUploads,
        wasTold: (fileHash) => told.has(fileHash),
        now,
      }),
      onLive: ({ path }) => materialiser.want([path], 'asked'),
    },
    materialiser,
    flushServed: flush,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
