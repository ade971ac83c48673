/**
 * Browsing: a file or folder inside a store path. What is in the store is not ours: whatever a browser shows of it is
 * sandboxed, without scripts and in an origin of its own, so that no page in it can act as this server.
 *
 * Unlike NARs, single files are sent as they are on disk, without a look at the hash of the path they are in.
 */

import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { decodeByteString } from '../../nix/byte-string.ts';
import { contentTypeOf } from '../../util/content-type-of.ts';
import type { CacheContext } from '../cache-context.ts';
import { matchesEtag } from '../matches-etag.ts';
import { parseRange } from '../parse-range.ts';
import { sendBody, sendNotFound, sendNotModified } from '../reply.ts';
import { listStoreFolder } from './list-store-folder.ts';
import type { FilesRequest } from './parse-extra-url.ts';
import { renderFolder } from './render-folder.ts';
import { resolveStoreFile, type StoreFile } from './resolve-store-file.ts';
import { wantsJson } from './wants-json.ts';

/** Of everything under `/serve/`. */
const guards = {
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; sandbox",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

/** A path may go, and come back with another content. */
const cacheControl = 'public, max-age=3600';

export async function serveFiles(
  req: IncomingMessage,
  res: ServerResponse,
  request: FilesRequest,
  context: CacheContext,
  stallTimeoutMs: number,
): Promise<void> {
  const find = (hashPart: string) => context.find(req, hashPart);
  const start = await find(request.hashPart);
  const found = start && (await resolveStoreFile(start, request.names, find));
  if (found === undefined) return sendNotFound(res);
  if (found.stat.isDirectory()) return serveFolder(req, res, request, found);
  if (!found.stat.isFile() || request.isFolder) return sendNotFound(res);
  return serveFile(req, res, request, found, stallTimeoutMs);
}

async function serveFolder(
  req: IncomingMessage,
  res: ServerResponse,
  request: FilesRequest,
  { file }: StoreFile,
): Promise<void> {
  const json = wantsJson(req);
  if (!json && !request.isFolder) {
    // The links on the page are relative to it. No name begins with a slash, so this leads nowhere else.
    const { pathname, search } = new URL(req.url ?? '', 'http://cache');
    const last = pathname.slice(pathname.lastIndexOf('/') + 1);
    const headers = { ...guards, 'Cache-Control': 'no-store', 'Content-Length': 0 };
    res.writeHead(302, { ...headers, Location: `./${last}/${search}` }).end();
    return;
  }
  const entries = await listStoreFolder(file);
  const path = decodeByteString(file);
  const body = json
    ? JSON.stringify({ path, entries: entries.map((entry) => ({ ...entry, bytes: undefined })) })
    : renderFolder(path, entries, request.names.length > 0);
  sendBody(req, res, Buffer.from(body), {
    ...guards,
    'Content-Type': json ? 'application/json' : 'text/html; charset=utf-8',
    'Cache-Control': cacheControl,
    Vary: 'Accept',
  });
}

async function serveFile(
  req: IncomingMessage,
  res: ServerResponse,
  request: FilesRequest,
  { file, info }: StoreFile,
  stallTimeoutMs: number,
): Promise<void> {
  // What is open stays whole, even when the path is collected meanwhile.
  await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const stat = await handle.stat();
  if (!stat.isFile()) return sendNotFound(res);
  const { size } = stat;
  const etag = `"${createHash('sha256').update(info.narHash).update(file).digest('base64url').slice(0, 27)}"`;
  const headers: OutgoingHttpHeaders = {
    ...guards,
    'Content-Type': await typeOf(request, handle, size),
    'Accept-Ranges': 'bytes',
    'Cache-Control': cacheControl,
    ETag: etag,
  };
  if (matchesEtag(req.headers['if-none-match'], etag)) return sendNotModified(res, headers);
  const ifRange = req.headers['if-range'];
  const asked = ifRange === undefined || ifRange === etag ? req.headers.range : undefined;
  const range = parseRange(asked, size);
  if (range === 'unsatisfiable') {
    res.writeHead(416, { ...guards, 'Content-Range': `bytes */${size}`, 'Content-Length': 0 }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: size };
  headers['Content-Length'] = end - start;
  if (range !== undefined) headers['Content-Range'] = `bytes ${start}-${end - 1}/${size}`;
  res.writeHead(range === undefined ? 200 : 206, headers);
  if (req.method === 'HEAD' || start === end) {
    res.end();
    return;
  }
  res.setTimeout(stallTimeoutMs, () => res.destroy());
  // A client that goes away is no fault; a file that cannot be read ends the connection before its last byte.
  await pipeline(handle.createReadStream({ start, end: end - 1, autoClose: false }), res).catch(() =>
    res.destroy(),
  );
}

/** By the name that was asked for, else by its beginning: text is shown, everything else downloaded. */
async function typeOf({ names }: FilesRequest, handle: FileHandle, size: number): Promise<string> {
  const byName = contentTypeOf((names.at(-1) ?? Buffer.alloc(0)).toString('latin1'));
  if (byName !== 'application/octet-stream') return byName;
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
  const beginning = buffer.subarray(0, bytesRead);
  // A character of several bytes may be cut at the end.
  const isText = [0, 1, 2, 3].some(
    (cut) => cut <= bytesRead && isUtf8(beginning.subarray(0, bytesRead - cut)),
  );
  const plain = isText && (size <= 4096 ? isUtf8(beginning) : true) && !beginning.includes(0);
  return plain ? 'text/plain; charset=utf-8' : byName;
}
