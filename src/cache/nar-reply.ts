/**
 * What the answers to all requests for bytes of a known size have in common: entity tag, one range, headers only. The
 * caller sends the part that is left to send.
 */

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { matchesEtag } from './matches-etag.ts';
import { type ByteRange, parseRange } from './parse-range.ts';
import { sendNotModified } from './reply.ts';

export const narContentType = 'application/x-nix-nar';
/** Of what an address that names its content leads to: it never changes. */
export const unchanging = 'public, max-age=31536000, immutable';

export interface NarReply {
  readonly status: 200 | 206;
  readonly headers: OutgoingHttpHeaders;
  readonly range: ByteRange;
}

export interface NarBody {
  /** With its quotes. */
  readonly etag: string;
  readonly size: number;
  readonly cacheControl: string;
}

/** Undefined: the request is answered. */
export function startNarReply(
  req: IncomingMessage,
  res: ServerResponse,
  { etag, size, cacheControl }: NarBody,
): NarReply | undefined {
  const headers: OutgoingHttpHeaders = {
    'Content-Type': narContentType,
    'Accept-Ranges': 'bytes',
    'Cache-Control': cacheControl,
    ETag: etag,
  };
  if (matchesEtag(req.headers['if-none-match'], etag)) {
    sendNotModified(res, headers);
    return undefined;
  }
  const ifRange = req.headers['if-range'];
  const asked = ifRange === undefined || ifRange === etag ? req.headers.range : undefined;
  const range = parseRange(asked, size);
  if (range === 'unsatisfiable') {
    res.writeHead(416, { 'Content-Range': `bytes */${size}`, 'Content-Length': 0 }).end();
    return undefined;
  }
  const { start, end } = range ?? { start: 0, end: size };
  headers['Content-Length'] = end - start;
  if (range !== undefined) headers['Content-Range'] = `bytes ${start}-${end - 1}/${size}`;
  const status = range === undefined ? 200 : 206;
  if (req.method === 'HEAD') {
    res.writeHead(status, headers).end();
    return undefined;
  }
  return { status, headers, range: { start, end } };
}
