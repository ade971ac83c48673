/** Answers a request for a log that was uploaded. One that is damaged never ends as a complete body. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createTurns } from '../create-turns.ts';
import { matchesEtag } from '../matches-etag.ts';
import { sendNotFound, sendNotModified } from '../reply.ts';
import { sendNar } from '../send-nar.ts';
import { untilClosed } from '../until-closed.ts';
import type { KeptLog } from './kept-extras.ts';

/** `onFault`: told of what goes wrong in reading it. */
export async function serveKeptLog(
  req: IncomingMessage,
  res: ServerResponse,
  log: KeptLog | undefined,
  stallTimeoutMs: number,
  onFault: (error: unknown) => void,
): Promise<void> {
  if (log === undefined) return sendNotFound(res);
  const headers = {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': log.size,
    'Cache-Control': 'public, max-age=86400',
    // Of what a builder prints nothing may run in a browser that takes it for something else.
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'X-Content-Type-Options': 'nosniff',
    ETag: `"${log.hash}"`,
  };
  if (matchesEtag(req.headers['if-none-match'], headers.ETag)) return sendNotModified(res, headers);
  if (req.method === 'HEAD') {
    res.writeHead(200, headers).end();
    return;
  }
  const turns = createTurns({ budgetMs: 4, now: () => performance.now() });
  const pieces = log.read(untilClosed(res));
  const sent = await sendNar(res, { status: 200, headers, pieces, stallTimeoutMs, turns });
  if (sent.result === 'unsent' || sent.result === 'cut') onFault(sent.error);
  if (sent.result === 'unsent') sendNotFound(res);
}
