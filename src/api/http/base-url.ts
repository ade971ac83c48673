/** Where clients see this server, for absolute addresses and for telling our own pages from others. */

import type { ApiContext, ApiSettings } from '../api-deps.ts';

/** Without a slash at its end. */
export function baseUrl(c: ApiContext, settings: ApiSettings): string {
  return settings.baseUrl === undefined ? requestOrigin(c) : settings.baseUrl.replace(/\/+$/, '');
}

/**
 * True when an address, as `Referer` or `Origin` give it, is one of ours: below the configured address, or on the
 * host that the request was sent to.
 */
export function isOurs(c: ApiContext, settings: ApiSettings, address: string): boolean {
  return [baseUrl(c, settings), requestOrigin(c)].some((base) => `${address}/`.startsWith(`${base}/`));
}

/** A proxy that speaks TLS says so; it can only make a client's own addresses wrong. */
function requestOrigin(c: ApiContext): string {
  const { protocol, host } = new URL(c.req.url);
  const secure = protocol === 'https:' || c.req.header('X-Forwarded-Proto') === 'https';
  return `${secure ? 'https' : 'http'}://${host}`;
}
