/**
 * Answers a request for the NAR of a path, not compressed: out of the live store, with a temporary root for as long as it
 * is sent, or unpacked from the file where there is one. A URL that names another content than the path has now (it
 * was deleted and made again) is a miss, since the client has the hash of the other one.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { formatBareHash, parseHash } from '../nix/hash.ts';
import type { PathInfo } from '../store/store.ts';
import type { CacheContext } from './cache-context.ts';
import type { TempRootKeeper } from './create-temp-root-keeper.ts';
import { startNarReply, unchanging } from './nar-reply.ts';
import type { CacheRequest } from './parse-cache-url.ts';
import type { ByteRange } from './parse-range.ts';
import type { ServedPath } from './path-source.ts';
import { sendNotFound } from './reply.ts';
import { type SendOptions, sendCounted } from './send-counted.ts';
import type { StoredServing } from './stored/serve-nar-file.ts';
import { untilClosed } from './until-closed.ts';

export interface NarSource extends SendOptions {
  readonly roots: TempRootKeeper;
  dump(info: PathInfo, range: ByteRange): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  readonly stored: StoredServing | undefined;
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
  const reply = startNarReply(req, res, {
    etag: `"${narHash}"`,
    size: info.narSize,
    // A URL that does not say which content it means may mean another one tomorrow.
    cacheControl: request.narHash === undefined ? 'public, max-age=3600' : unchanging,
  });
  if (reply === undefined) return;
  if (source.stored !== undefined && info.stored !== undefined) {
    const pieces = source.stored.nars.unpack(info.stored, reply.range, untilClosed(res));
    return sendCounted(req, res, reply, pieces, context, source);
  }

  // Without a root (the daemon is away) the NAR is still verified on its way, so it is sent all the same.
  await using _root = await source.roots.keep(info.path).catch((error: unknown) => {
    context.fault(error, req);
    return undefined;
  });
  // Only from here on is the path safe from the collector; it may have gone while we asked.
  const still = await context.find(req, request.hashPart);
  if (still === undefined || nix32(still) !== narHash) return sendNotFound(res);
  source.stored?.onLive?.(info);
  await sendCounted(req, res, reply, source.dump(info, reply.range), context, source);
}

function nix32(info: ServedPath): string {
  return formatBareHash(parseHash(info.narHash, 'sha256'), 'nix32');
}
