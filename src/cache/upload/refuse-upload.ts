/**
 * Answers a request that is refused, or that went wrong, before its body has been read. What is still coming is thrown
 * away for a moment, so that the client gets to read the answer: a connection that is closed at once while it sends
 * would take the answer away from it. A client that goes on sending for longer is cut off.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../../util/app-error.ts';

const maxDiscardedBytes = 4 * 1024 * 1024;
const maxDiscardMs = 5000;

/** In plain words, or as JSON for programs. Anything but an AppError is told as a fault of ours, without details. */
export function refuseUpload(
  req: IncomingMessage,
  res: ServerResponse,
  error: unknown,
  form: 'text' | 'json' = 'text',
): void {
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  const known = error instanceof AppError ? error : undefined;
  const status = known?.status ?? 500;
  const message = known?.message ?? 'the server failed; its log says how';
  const body =
    form === 'json'
      ? JSON.stringify({ error: message, code: known?.code, hint: known?.hint })
      : `${message}\n${known === undefined ? '' : `${known.hint}\n`}`;
  res.writeHead(status, {
    'Content-Type': form === 'json' ? 'application/json' : 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    ...(status === 401 && { 'WWW-Authenticate': 'Basic realm="proteus"' }),
    ...(status === 503 && { 'Retry-After': '5' }),
  });
  res.end(body);
  if (!req.complete) discard(req);
}

function discard(req: IncomingMessage): void {
  let left = maxDiscardedBytes;
  const timer = setTimeout(() => req.destroy(), maxDiscardMs);
  req.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) req.destroy();
  });
  req.on('close', () => clearTimeout(timer));
  req.on('error', () => {});
  req.resume();
}
