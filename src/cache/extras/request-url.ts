/**
 * The address by which a client has reached us, without a slash at its end: what it says of itself, for the lines that it
 * is told. It can only make its own lines wrong. Undefined when it says nothing usable.
 */

import type { IncomingMessage } from 'node:http';

export function requestUrl(req: Pick<IncomingMessage, 'headers'>): string | undefined {
  const host = req.headers.host ?? '';
  if (!/^(?:[0-9A-Za-z._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/.test(host)) return undefined;
  const protocol = req.headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
  return `${protocol}://${host}`;
}
