/**
 * Answers a request for a NAR out of the live store: finds the path, takes a temporary root for as long as it is
 * sent, and cuts out the range asked for. A URL that names another content than the path has now (it was deleted
 * and made again) is a miss, since the client has the hash of the other one.
 */

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { formatBareHash, parseHash } from '../nix/hash.ts';
import type { PathInfo } from '../store/store.ts';
import type { CacheContext } from './cache-context.ts';
import type { TempRootKeeper } from './create-temp-root-keeper.ts';
import type { Turns } from './create-turns.ts';
import { matchesEtag } from './matches-etag.ts';
import type { CacheRequest } from './parse-cache-url.ts';
import { type ByteRange, parseRange } from './parse-range.ts';
import { sendNotFound, sendNotModified } from './reply.ts';
import { sendNar } from './send-nar.ts';

export interface NarSource {
  readonly roots: TempRootKeeper;
  dump(info: PathInfo, range: ByteRange): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  readonly stallTimeoutMs: number;
  readonly turns: Turns;
}

export async function serveNar(
  req: IncomingMessage,
  res: ServerResponse,
  request: CacheRequest & { readonly kind: 'nar' },
  context: CacheContext,
  source: NarSource,
): Promise<void> {
  const info = await context.find(req, request.hashPart);
  const narHash = info && nix32(info);
  if (info === undefined || (request.narHash !== undefined && request.narHash !== narHash)) {
    return sendNotFound(res);
  }
  const etag = `"${narHash}"`;
  const headers: OutgoingHttpHeaders = {
    'Content-Type': 'application/x-nix-nar',
    'Accept-Ranges': 'bytes',
    // A URL that does not say which content it means may mean another one tomorrow.
    'Cache-Control': `public, max-age=${request.narHash === undefined ? '3600' : '31536000, immutable'}`,
    ETag: etag,
  };
  if (matchesEtag(req.headers['if-none-match'], etag)) return sendNotModified(res, headers);

  const ifRange = req.headers['if-range'];
  const asked = ifRange === undefined || ifRange === etag ? req.headers.range : undefined;
  const range = parseRange(asked, info.narSize);
  if (range === 'unsatisfiable') {
    res.writeHead(416, { 'Content-Range': `bytes */${info.narSize}`, 'Content-Length': 0 }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: info.narSize };
  headers['Content-Length'] = end - start;
  if (range !== undefined) headers['Content-Range'] = `bytes ${start}-${end - 1}/${info.narSize}`;
  const status = range === undefined ? 200 : 206;
  if (req.method === 'HEAD') {
    res.writeHead(status, headers).end();
    return;
  }

  // Without a root (the daemon is away) the NAR is still verified on its way, so it is sent all the same.
  await using _root = await source.roots.keep(info.path).catch((error: unknown) => {
    context.fault(error, req);
    return undefined;
  });
  // Only from here on is the path safe from the collector; it may have gone while we asked.
  const still = await context.find(req, request.hashPart);
  if (still === undefined || nix32(still) !== narHash) return sendNotFound(res);

  context.counters.nars += 1;
  const sent = await sendNar(res, {
    status,
    headers,
    pieces: source.dump(info, { start, end }),
    stallTimeoutMs: source.stallTimeoutMs,
    turns: source.turns,
  });
  if (sent.result === 'sent') context.counters.narBytes += end - start;
  if (sent.result === 'cut') context.counters.narsCut += 1;
  if (sent.result === 'cut' || sent.result === 'unsent') context.fault(sent.error, req);
  if (sent.result === 'unsent') sendNotFound(res);
}

function nix32(info: PathInfo): string {
  return formatBareHash(parseHash(info.narHash, 'sha256'), 'nix32');
}
