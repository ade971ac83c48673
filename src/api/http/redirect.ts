/** Sends the client elsewhere, to an absolute address, as clients of Hydra expect. */

import type { ApiContext, ApiDeps } from '../api-deps.ts';
import { baseUrl } from './base-url.ts';

/** `path`: from the root of the server, escaped; `data`: for clients that look at the body. */
export function redirect(
  c: ApiContext,
  { settings }: Pick<ApiDeps, 'settings'>,
  path: string,
  { status = 302, data }: { readonly status?: 301 | 302; readonly data?: unknown } = {},
): Response {
  c.header('Location', baseUrl(c, settings) + path);
  c.header('Vary', 'Accept', { append: true });
  c.status(status);
  return data === undefined ? c.body(null) : c.json(data);
}

/** The rest of the address after a part of it, escaped as it came, with its query: `/download/1?x=y`. */
export function restOfPath(c: ApiContext, segments: number): string {
  const { pathname, search } = new URL(c.req.url);
  const rest = pathname.split('/').slice(segments + 1);
  return (rest.length === 0 ? '' : `/${rest.join('/')}`) + search;
}
