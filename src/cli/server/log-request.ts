/**
 * One log line for a request that is worth one: what changes something, and what went wrong. Reading is told on the
 * level `debug` only, and what the cache answers not at all.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../../log/create-logger.ts';

export function logRequest(
  req: IncomingMessage,
  res: ServerResponse,
  log: Pick<Logger, 'debug' | 'info' | 'warn'>,
  now: () => number,
): void {
  const begun = now();
  const { method = '', url = '' } = req;
  res.once('finish', () => {
    const { statusCode: status } = res;
    const isRead = method === 'GET' || method === 'HEAD';
    const level = status >= 500 ? 'warn' : isRead ? 'debug' : 'info';
    log[level]({ status, ms: now() - begun, from: req.socket.remoteAddress }, `${method} ${url}`);
  });
}
