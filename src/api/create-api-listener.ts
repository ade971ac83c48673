/** The API as a listener of `node:http`, to be asked after the binary cache. */

import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { keepAliveMs } from '../cache/hot/keep-alive.ts';
import type { ApiEnv } from './api-deps.ts';

/** For so long the body of a request may take that is no upload: it is small. */
const bodyTimeoutMs = 60_000;
/** A client that takes nothing for so long is cut off. Listeners are sent something more often than that. */
const stallMs = 600_000;

/**
 * For `createServer`: who sends headers slowly, or very many of them, is cut off. Bodies are another matter: what is
 * uploaded to a cache may take hours, so each listener limits its own.
 */
export const apiServerOptions = {
  headersTimeout: 20_000,
  requestTimeout: 0,
  keepAliveTimeout: keepAliveMs,
  maxHeaderSize: 16_384,
} satisfies ServerOptions;

export function createApiListener(
  api: Hono<ApiEnv>,
  options: { readonly bodyTimeoutMs?: number } = {},
): (req: IncomingMessage, res: ServerResponse) => void {
  const listen = getRequestListener((request, env) => api.fetch(request, env as ApiEnv['Bindings']), {
    overrideGlobalObjects: false,
  });
  return (req, res) => {
    res.setTimeout(stallMs, () => res.destroy());
    limitBody(req, options.bodyTimeoutMs);
    // Clients that wait to be told are told here, as nothing is refused before its body has come.
    if (req.headers.expect?.toLowerCase() === '100-continue') res.writeContinue();
    void listen(req, res);
  };
}

/** Cuts off whoever takes longer to send the body of a request. */
export function limitBody(req: IncomingMessage, ms = bodyTimeoutMs): void {
  const { 'content-length': length, 'transfer-encoding': encoding } = req.headers;
  if (length === undefined && encoding === undefined) return;
  const timer = setTimeout(() => {
    if (!req.complete) req.destroy();
  }, ms).unref();
  req.once('close', () => clearTimeout(timer));
}
