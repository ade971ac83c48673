/**
 * The server's port. Who answers can be set later and changed: the cache is served from the first moment, while the
 * rest is still starting. What the cache's front door can answer it answers before `node:http` sees it. Closing takes no
 * new connections, lets answers that are being sent end for a moment, then cuts what is left.
 */

import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { hostname } from 'node:os';
import { apiServerOptions, limitBody } from '../../api/create-api-listener.ts';
import { createHotServer } from '../../cache/hot/create-hot-server.ts';
import type { HotAnswers } from '../../cache/hot/hot-answers.ts';
import type { ListenAddress } from '../../config/parse-listen.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';

export interface HttpListener extends AsyncDisposable {
  /** How this machine reaches it, without a slash at its end. */
  readonly url: string;
  /** How other machines reach it, where it listens to them. */
  readonly outsideUrl: string;
  /** `hot`: answers of the front door, where there is one. */
  answerWith(listener: RequestListener, hot?: HotAnswers): void;
}

export interface ListenOptions {
  /** How long an answer may still take when it is closed. */
  readonly graceMs?: number;
  readonly hostName?: string;
  /** Answer narinfo requests before `node:http` sees them. */
  readonly frontDoor?: boolean;
}

/** What listening on every address is called, and the loopback of that family. */
const wildcards: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Throws `server.listen`. */
export async function listenHttp(address: ListenAddress, options: ListenOptions = {}): Promise<HttpListener> {
  const { graceMs = 2000, hostName = hostname(), frontDoor = true } = options;
  let hot: HotAnswers | undefined;
  let listener: RequestListener = (_req, res) => void res.writeHead(503, { 'retry-after': '1' }).end();
  const answer: RequestListener = (req, res) => {
    // Uploads may take hours; whoever takes one in sees to it that something comes.
    if (req.method !== 'PUT') limitBody(req);
    listener(req, res);
  };
  // Whoever answers says whether a client that waits to be told may send its body, once it is known to be wanted.
  const http = createServer(apiServerOptions, answer).on('checkContinue', answer);
  const door = frontDoor
    ? createHotServer({
        http,
        answers: {
          narinfo: (bytes, at) => hot?.narinfo(bytes, at),
          narFile: (bytes, at, end) => hot?.narFile(bytes, at, end),
          cacheInfo: () => hot?.cacheInfo(),
        },
      })
    : undefined;
  const server = door?.server ?? http;
  server.listen(address);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new AppError(
      'server.listen',
      `cannot listen on ${address.host} port ${address.port}: ${errorMessage(cause)}`,
      { cause },
    );
  }
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new TypeError('listening, but on no TCP port');
  const urlOf = (host: string): string => `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}`;
  const loopback = wildcards[bound.address];
  return {
    url: urlOf(loopback ?? bound.address),
    outsideUrl: urlOf(loopback === undefined ? bound.address : hostName),
    answerWith(next, nextHot) {
      listener = next;
      hot = nextHot;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      door?.closeIdleConnections();
      const timer = setTimeout(() => (door ?? http).closeAllConnections(), graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}
