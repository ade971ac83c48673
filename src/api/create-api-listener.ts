/** The API as a listener of `node:http`, to be asked after the binary cache. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import type { ApiEnv } from './api-deps.ts';

/** For so long the body of a request may take: it is small. */
const bodyMs = 60_000;
/** A client that takes nothing for so long is cut off. Listeners are sent something more often than that. */
const stallMs = 600_000;

/**
 * For `createServer`: who sends headers slowly, or very many of them, is cut off. Bodies are another matter: what is
 * uploaded to a cache may take hours, so each listener limits its own.
 */
export const apiServerOptions = {
  headersTimeout: 20_000,
  requestTimeout: 0,
  keepAliveTimeout: 75_000,
  maxHeaderSize: 16_384,
} as const;

export function createApiListener(
  api: Hono<ApiEnv>,
  options: { readonly bodyTimeoutMs?: number } = {},
): (req: IncomingMessage, res: ServerResponse) => void {
  const { bodyTimeoutMs = bodyMs } = options;
  const listen = getRequestListener((request, env) => api.fetch(request, env as ApiEnv['Bindings']), {
    overrideGlobalObjects: false,
  });
  return (req, res) => {
    res.setTimeout(stallMs, () => res.destroy());
    const timer = setTimeout(() => {
      if (!req.complete) req.destroy();
    }, bodyTimeoutMs).unref();
    res.once('close', () => clearTimeout(timer));
    // Clients that wait to be told are told here, as nothing is refused before its body has come.
    if (req.headers.expect?.toLowerCase() === '100-continue') res.writeContinue();
    void listen(req, res);
  };
}
