/** What uploading from the local store needs: the store, its database, and what packs and sends. */

import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { createDumpPool } from '../../cache/live/create-dump-pool.ts';
import { createCacheClient } from '../../cache/push/cache-client.ts';
import { type PushResult, pushPaths } from '../../cache/push/push-paths.ts';
import { openStore } from '../../store/open-store.ts';
import type { PathInfo, Store } from '../../store/store.ts';
import { openStoreDatabase, type StoreDatabase } from '../../store/store-database.ts';
import type { CliContext } from '../context.ts';
import type { CacheTarget } from './cache-target.ts';

export interface Pusher extends AsyncDisposable {
  readonly database: StoreDatabase;
  readonly store: Store;
  /** Uploads a closure, what is referred to first. */
  push(infos: readonly PathInfo[]): Promise<PushResult>;
}

/** Asks the cache first whether the token may push. Throws what it refuses, `store.…`, `server.unreachable`. */
export async function openPusher(
  context: CliContext,
  target: CacheTarget,
  jobs = availableParallelism() + 2,
): Promise<Pusher> {
  const { signal, emit } = context;
  const client = createCacheClient({ ...target, signal });
  await client.mayPush();
  await using stack = new AsyncDisposableStack();
  const store = stack.use(await openStore({ type: 'local' }, { signal, env: context.env }));
  const database = stack.use(await openStoreDatabase(undefined, { keepOpenBy: store }));
  const pool = stack.use(createDumpPool());
  const folder = await mkdtemp(path.join(tmpdir(), 'proteus-push-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const owned = stack.move();
  return {
    database,
    store,
    async push(infos) {
      await using _kept = await store.leaseTempRoots(
        infos.map((info) => info.path),
        { signal },
      );
      return pushPaths(infos, {
        client,
        nar: (info) => pool.dump(info),
        folder,
        atOnce: jobs,
        emit,
        signal,
      });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
