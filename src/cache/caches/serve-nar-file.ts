/**
 * Sends the file of a NAR as it is kept, or a part of it. Its last piece comes only when the whole file is known to be
 * right; a damaged one ends the connection before that, or is a miss when nothing was sent yet.
 */

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { StoredNarRecord } from '../../db/cache-records.ts';
import type { Turns } from '../create-turns.ts';
import { matchesEtag } from '../matches-etag.ts';
import { parseRange } from '../parse-range.ts';
import { sendNotFound, sendNotModified } from '../reply.ts';
import { sendNar } from '../send-nar.ts';
import type { StoredNars } from '../stored/stored-nars.ts';

export interface NarFileSource {
  readonly stored: Pick<StoredNars, 'read'>;
  readonly stallTimeoutMs: number;
  readonly turns: Turns;
  readonly signal: AbortSignal;
  /** Told of a file that could not be sent to its end. */
  readonly onFault: (error: unknown) => void;
}

export async function serveNarFile(
  req: IncomingMessage,
  res: ServerResponse,
  nar: StoredNarRecord,
  source: NarFileSource,
): Promise<void> {
  const etag = `"${nar.fileHash}"`;
  const headers: OutgoingHttpHeaders = {
    'Content-Type': 'application/x-nix-nar',
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'public, max-age=31536000, immutable',
    ETag: etag,
  };
  if (matchesEtag(req.headers['if-none-match'], etag)) return sendNotModified(res, headers);
  const ifRange = req.headers['if-range'];
  const asked = ifRange === undefined || ifRange === etag ? req.headers.range : undefined;
  const range = parseRange(asked, nar.fileSize);
  if (range === 'unsatisfiable') {
    res.writeHead(416, { 'Content-Range': `bytes */${nar.fileSize}`, 'Content-Length': 0 }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: nar.fileSize };
  headers['Content-Length'] = end - start;
  if (range !== undefined) headers['Content-Range'] = `bytes ${start}-${end - 1}/${nar.fileSize}`;
  const status = range === undefined ? 200 : 206;
  if (req.method === 'HEAD') {
    res.writeHead(status, headers).end();
    return;
  }
  const sent = await sendNar(res, {
    status,
    headers,
    pieces: source.stored.read(nar, { start, end }, source.signal),
    stallTimeoutMs: source.stallTimeoutMs,
    turns: source.turns,
  });
  if (sent.result === 'cut' || sent.result === 'unsent') source.onFault(sent.error);
  if (sent.result === 'unsent') sendNotFound(res);
}
