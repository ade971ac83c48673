/**
 * A binary cache on a port of its own, serving the live store. It does not start with keys that could not work:
 * none at all, two of one name, or one whose public half does not verify what the secret half signs.
 */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError } from '../util/app-error.ts';
import { errorMessage } from '../util/error-message.ts';
import type { CacheCounters } from './cache-context.ts';
import { checkKeys } from './check-keys.ts';
import { type CacheHandlerOptions, createCacheHandler } from './create-cache-handler.ts';
import { createHotServer } from './hot/create-hot-server.ts';
import { createDumpPool } from './live/create-dump-pool.ts';
import { type CacheDatabase, createLivePathSource } from './live/live-path-source.ts';
import { sendNotFound } from './reply.ts';

export interface CacheServerOptions extends Omit<CacheHandlerOptions, 'dump' | 'source'> {
  readonly database: CacheDatabase;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Answer narinfo requests before `node:http` sees them. Default true. */
  readonly frontDoor?: boolean;
}

const keepAliveTimeout = 75_000;

export interface CacheServer extends AsyncDisposable {
  /** What clients put into `substituters`, with no slash at its end. */
  readonly url: string;
  readonly address: AddressInfo;
  readonly counters: Readonly<CacheCounters>;
}

/**
 * Starts it. Disposing closes all connections, also those in use. Throws `cache.no-key`, `cache.duplicate-key`,
 * `cache.key-invalid` or `cache.listen`.
 */
export async function startCacheServer(options: CacheServerOptions): Promise<CacheServer> {
  checkKeys(options.keys);
  const pool = createDumpPool();
  const handler = createCacheHandler({
    ...options,
    source: createLivePathSource(options.database),
    dump: (info, range) => pool.dumpShared(info, range),
  });
  const http = createServer({ keepAliveTimeout, headersTimeout: 60_000 }, (req, res) => {
    if (!handler.tryServe(req, res)) sendNotFound(res);
  });
  const hot =
    options.frontDoor === false
      ? undefined
      : createHotServer({ http, answers: handler.hot, idleTimeoutMs: keepAliveTimeout });
  const server = hot?.server ?? http;
  server.listen({ host: options.host, port: options.port });
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
  return {
    url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`,
    address,
    counters: handler.counters,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      (hot ?? http).closeAllConnections();
      await closed;
      await pool[Symbol.asyncDispose]();
    },
  };
}
