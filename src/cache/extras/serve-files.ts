/**
 * Browsing: a file or folder inside a store path. What is in the store is not ours: whatever a browser shows of it is
 * sandboxed, without scripts and in an origin of its own, so that no page in it can act as this server.
 *
 * Unlike NARs, single files of the live store are sent as they are on disk, without a look at the hash of the path they are
 * in. Those of paths that are there as files of NARs only come out of these, and end as those do.
 */

import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { decodeByteString } from '../../nix/byte-string.ts';
import { contentTypeOf } from '../../util/content-type-of.ts';
import type { CacheContext } from '../cache-context.ts';
import { matchesEtag } from '../matches-etag.ts';
import { parseRange } from '../parse-range.ts';
import type { ServedPath } from '../path-source.ts';
import { sendBody, sendNotFound, sendNotModified } from '../reply.ts';
import { sendNar } from '../send-nar.ts';
import { untilClosed } from '../until-closed.ts';
import { liveTree } from './live-tree.ts';
import type { FilesRequest } from './parse-extra-url.ts';
import { renderFolder } from './render-folder.ts';
import { resolveStoreFile, type StoreFile } from './resolve-store-file.ts';
import type { OpenStoreFile, StoreTree } from './store-tree.ts';
import { storedTree } from './stored-tree.ts';
import { wantsJson } from './wants-json.ts';

/** Of everything under `/serve/`. */
const guards = {
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; sandbox",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

const live = liveTree();
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
  const stored = context.stored && storedTree(context.stored, untilClosed(res));
  const treeOf = ({ isKept }: ServedPath): StoreTree => (isKept && stored) || live;
  const start = await find(request.hashPart);
  const found =
    start &&
    (await resolveStoreFile(start, request.names, find, (path, names) => treeOf(path).look(path, names)));
  if (found === undefined) return sendNotFound(res);
  const tree = treeOf(found.path);
  if (found.type === 'directory') return serveFolder(req, res, request, found, tree);
  if (request.isFolder) return sendNotFound(res);
  await using file = await tree.open(found.path, found.names);
  if (file === undefined) return sendNotFound(res);
  await serveFile(req, res, request, found, file, context, stallTimeoutMs);
}

async function serveFolder(
  req: IncomingMessage,
  res: ServerResponse,
  request: FilesRequest,
  found: StoreFile,
  tree: StoreTree,
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
  const entries = await tree.list(found.path, found.names);
  const path = decodeByteString(wholeName(found));
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
  found: StoreFile,
  file: OpenStoreFile,
  context: CacheContext,
  stallTimeoutMs: number,
): Promise<void> {
  const { size } = file;
  const identity = createHash('sha256').update(found.path.narHash).update(wholeName(found));
  const etag = `"${identity.digest('base64url').slice(0, 27)}"`;
  const headers: OutgoingHttpHeaders = {
    ...guards,
    'Content-Type': await typeOf(request, file),
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
  const status = range === undefined ? 200 : 206;
  if (req.method === 'HEAD' || start === end) {
    res.writeHead(status, headers).end();
    return;
  }
  const pieces = file.read(start, end);
  const sent = await sendNar(res, { status, headers, pieces, stallTimeoutMs, turns: context.turns });
  // A client that goes away is no fault.
  if (sent.result === 'cut' || sent.result === 'unsent') context.fault(sent.error, req);
  if (sent.result === 'unsent') sendNotFound(res);
}

function wholeName({ path, names }: StoreFile): Buffer {
  return Buffer.concat([Buffer.from(path.path), ...names.flatMap((name) => [Buffer.from('/'), name])]);
}

/** By the name that was asked for, else by its beginning: text is shown, everything else downloaded. */
async function typeOf({ names }: FilesRequest, file: OpenStoreFile): Promise<string> {
  const byName = contentTypeOf((names.at(-1) ?? Buffer.alloc(0)).toString('latin1'));
  if (byName !== 'application/octet-stream') return byName;
  const { size } = file;
  const bytesRead = Math.min(4096, size);
  const beginning =
    bytesRead === 0 ? Buffer.alloc(0) : Buffer.concat(await Array.fromAsync(file.read(0, bytesRead)));
  // A character of several bytes may be cut at the end.
  const isText = [0, 1, 2, 3].some(
    (cut) => cut <= bytesRead && isUtf8(beginning.subarray(0, bytesRead - cut)),
  );
  const plain = isText && (size <= 4096 ? isUtf8(beginning) : true) && !beginning.includes(0);
  return plain ? 'text/plain; charset=utf-8' : byName;
}
