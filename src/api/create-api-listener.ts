/** The API as a listener of `node:http`, to be asked after the binary cache. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import type { ApiEnv } from './api-deps.ts';

/** A client that takes nothing for so long is cut off. Listeners are sent something more often than that. */
const stallMs = 600_000;

/** For `createServer`: who sends slowly, or very many headers, is cut off. */
export const apiServerOptions = {
  headersTimeout: 20_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 75_000,
  maxHeaderSize: 16_384,
} as const;

export function createApiListener(api: Hono<ApiEnv>): (req: IncomingMessage, res: ServerResponse) => void {
  const listen = getRequestListener((request, env) => api.fetch(request, env as ApiEnv['Bindings']), {
    overrideGlobalObjects: false,
  });
  return (req, res) => {
    res.setTimeout(stallMs, () => res.destroy());
    void listen(req, res);
  };
}
