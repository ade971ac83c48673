/**
 * A binary cache on a port of its own, serving the live store. It does not start with keys that could not work:
 * none at all, two of one name, or one whose public half does not verify what the secret half signs.
 */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StoreDatabase } from '../store/store-database.ts';
import { AppError } from '../util/app-error.ts';
import { errorMessage } from '../util/error-message.ts';
import type { CacheCounters } from './cache-context.ts';
import { checkKeys } from './check-keys.ts';
import { type CacheHandlerOptions, createCacheHandler } from './create-cache-handler.ts';
import { createHotServer } from './hot/create-hot-server.ts';
import { keepAliveMs } from './hot/keep-alive.ts';
import { createDumpPool } from './live/create-dump-pool.ts';
import { type CacheDatabase, createLivePathSource } from './live/live-path-source.ts';
import { sendNotFound } from './reply.ts';
import { openStoredMain, type StoredMain, type StoredMainOptions } from './stored/open-stored-main.ts';

export interface CacheServerOptions extends Omit<CacheHandlerOptions, 'dump' | 'source' | 'stored'> {
  readonly database: CacheDatabase & Pick<StoreDatabase, 'lookupPath'>;
  /** Keeps NARs as files, and serves those. Default: every NAR is made while it is sent. */
  readonly keep?: Pick<StoredMainOptions, 'blobs' | 'database' | 'accel' | 'retryMs'> | undefined;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Answer narinfo requests before `node:http` sees them. Default true. */
  readonly frontDoor?: boolean;
  /** Other processes listen on the same port, and the kernel shares connections out. Default false. */
  readonly reusePort?: boolean;
  /** How long answers may still take when it is disposed of. Default 0. */
  readonly graceMs?: number;
}

export interface CacheServer extends AsyncDisposable {
  /** What clients put into `substituters`, with no slash at its end. */
  readonly url: string;
  readonly address: AddressInfo;
  readonly counters: Readonly<CacheCounters>;
  /** The files that it keeps, where it keeps any. */
  readonly stored: StoredMain | undefined;
}

/**
 * Starts it. Disposing closes all connections, after the grace also those in use. Throws `cache.no-key`, `cache.duplicate-key`,
 * `cache.key-invalid` or `cache.listen`.
 */
export async function startCacheServer(options: CacheServerOptions): Promise<CacheServer> {
  checkKeys(options.keys);
  await using stack = new AsyncDisposableStack();
  const pool = stack.use(createDumpPool());
  const live = createLivePathSource(options.database);
  const stored =
    options.keep === undefined
      ? undefined
      : stack.use(
          await openStoredMain({
            ...options.keep,
            store: options.store,
            storeDatabase: options.database,
            live,
            dump: (info) => pool.dumpShared(info),
            onFault: options.onFault ?? (() => {}),
            now: Date.now,
          }),
        );
  const handler = createCacheHandler({
    ...options,
    source: stored?.source ?? live,
    stored: stored?.serving,
    dump: (info, range) => pool.dumpShared(info, range),
  });
  const http = createServer({ keepAliveTimeout: keepAliveMs, headersTimeout: 60_000 }, (req, res) => {
    if (!handler.tryServe(req, res)) sendNotFound(res);
  });
  const hot = options.frontDoor === false ? undefined : createHotServer({ http, answers: handler.hot });
  const server = hot?.server ?? http;
  server.listen({ host: options.host, port: options.port, reusePort: options.reusePort ?? false });
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new AppError(
      'cache.listen',
      `cannot listen on ${options.host} port ${options.port}: ${errorMessage(cause)}`,
      { cause },
    );
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('listening, but on no TCP port');
  const owned = stack.move();
  return {
    url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`,
    address,
    counters: handler.counters,
    stored,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      (hot ?? http).closeIdleConnections();
      const timer = setTimeout(() => (hot ?? http).closeAllConnections(), options.graceMs ?? 0);
      await closed;
      clearTimeout(timer);
      await owned.disposeAsync();
    },
  };
}
