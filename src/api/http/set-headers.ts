/** Headers of every answer that does not set its own: no scripts, no frames, no guessing of types, no stale copies. */

import type { MiddlewareHandler } from 'hono';
import type { ApiEnv } from '../api-deps.ts';

const headers: readonly (readonly [string, string])[] = [
  [
    'Content-Security-Policy',
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ],
  ['X-Content-Type-Options', 'nosniff'],
  ['Referrer-Policy', 'same-origin'],
  ['Cache-Control', 'private, no-cache'],
];

export const setHeaders: MiddlewareHandler<ApiEnv> = async (c, next) => {
  await next();
  for (const [name, value] of headers) if (!c.res.headers.has(name)) c.res.headers.set(name, value);
};
