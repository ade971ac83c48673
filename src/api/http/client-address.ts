/**
 * Where a request comes from, for counting failed logins. A proxy on the same machine is believed about whom it
 * speaks for; what others say is not.
 */

import { isIP } from 'node:net';
import type { ApiContext } from '../api-deps.ts';

export function clientAddress(c: ApiContext): string {
  const peer = c.env?.incoming?.socket.remoteAddress ?? 'unknown';
  if (!/^(127\.|::1$|::ffff:127\.)/.test(peer)) return peer;
  // The last one is the proxy's own word, those before are the client's.
  const said = c.req.header('X-Forwarded-For')?.split(',').at(-1)?.trim() ?? '';
  return isIP(said) === 0 ? peer : said;
}
