/**
 * Answers a request for the file of a NAR, under the name that its narinfo says. What it is never changes, so clients and
 * caches in between may keep it for ever.
 *
 * With a server in front that can read the files itself (nginx, `X-Accel-Redirect`), only headers are sent; since nothing
 * can be taken back then, the file is found right before.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { StoredNarRecord } from '../../db/cache-records.ts';
import { formatBareHash, parseHash } from '../../nix/hash.ts';
import type { CacheContext } from '../cache-context.ts';
import { startNarReply, unchanging } from '../nar-reply.ts';
import type { CacheRequest } from '../parse-cache-url.ts';
import type { ServedPath } from '../path-source.ts';
import { sendNotFound } from '../reply.ts';
import { type SendOptions, sendCounted } from '../send-counted.ts';
import { untilClosed } from '../until-closed.ts';
import { accelHeaders } from './accel-headers.ts';
import { narFileName } from './nar-file.ts';
import type { StoredNars } from './stored-nars.ts';

export interface StoredServing {
  readonly nars: StoredNars;
  /** Where the server in front has the folder of the files, such as `/_nar/`. */
  readonly accel?: string | undefined;
  /** Whether this cache may give it out; files are shared by caches, and some caches are private. Default: it may. */
  readonly mayServe?: ((nar: StoredNarRecord) => boolean | Promise<boolean>) | undefined;
  /** Told of a path whose NAR was asked for while it has no file. */
  readonly onLive?: ((path: ServedPath) => void) | undefined;
}

export async function serveNarFile(
  req: IncomingMessage,
  res: ServerResponse,
  request: CacheRequest & { readonly kind: 'nar-file' },
  context: Pick<CacheContext, 'counters' | 'fault'>,
  { nars, accel, mayServe, ...options }: StoredServing & SendOptions,
): Promise<void> {
  // Another process may have told the client of it.
  const nar = await nars.find(request.fileHash);
  if (nar === undefined || narFileName(nar) !== request.name) {
    return serveContent(req, res, request, context, { nars, mayServe, ...options });
  }
  if (mayServe !== undefined && !(await mayServe(nar))) return sendNotFound(res);
  if (accel !== undefined && nars.fileOf(nar) !== undefined) {
    await nars.verify(nar, { signal: untilClosed(res) });
    context.counters.nars += 1;
    res.writeHead(200, accelHeaders(nar, accel)).end();
    return;
  }
  const reply = startNarReply(req, res, {
    etag: `"${nar.fileHash}"`,
    size: nar.fileSize,
    cacheControl: unchanging,
  });
  if (reply === undefined) return;
  await sendCounted(req, res, reply, nars.read(nar, reply.range, untilClosed(res)), context, options);
}

/** `<NAR hash>.nar`, as other caches name what is not compressed. */
async function serveContent(
  req: IncomingMessage,
  res: ServerResponse,
  { fileHash, name }: CacheRequest & { readonly kind: 'nar-file' },
  context: Pick<CacheContext, 'counters' | 'fault'>,
  { nars, mayServe, ...options }: StoredServing & SendOptions,
): Promise<void> {
  const isPlain = name === `${fileHash}.nar`;
  const nar = isPlain ? nars.byNarHash(formatBareHash(parseHash(fileHash, 'sha256'), 'base16')) : undefined;
  if (nar === undefined || (mayServe !== undefined && !(await mayServe(nar)))) return sendNotFound(res);
  const reply = startNarReply(req, res, {
    etag: `"${fileHash}"`,
    size: nar.narSize,
    cacheControl: unchanging,
  });
  if (reply === undefined) return;
  await sendCounted(req, res, reply, nars.unpack(nar, reply.range, untilClosed(res)), context, options);
}
