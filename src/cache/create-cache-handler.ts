/**
 * Answers the requests of Nix clients out of a source of paths: signed narinfos, NARs made while they are sent, listings
 * and build logs. It takes what `parse-cache-url.ts` knows and leaves everything else to the caller.
 *
 * A narinfo is answered with 200 or 404 (or 304) and nothing else: many versions of Nix give the whole build up on
 * a 5xx there, even when another cache has the path. So faults of ours are told through `onFault` and counted, and
 * the client sees a miss. Nothing ever carries `Content-Encoding: identity`, which aborts Nix 2.8.
 *
 * Headers: cache reference §8.2. Clients' behaviour: §1.8.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SecretKey } from '../nix/signing-key.ts';
import type { PathInfo, Store } from '../store/store.ts';
import { errorMessage } from '../util/error-message.ts';
import type { CacheContext, CacheCounters } from './cache-context.ts';
import { createTempRootKeeper } from './create-temp-root-keeper.ts';
import { createTurns } from './create-turns.ts';
import type { CacheExtras } from './extras/create-extras.ts';
import { datedResponse } from './hot/dated-response.ts';
import type { HotAnswers } from './hot/hot-answers.ts';
import { hashPartAt } from './index/hash-part-at.ts';
import { listNar } from './list-nar.ts';
import { matchesEtag } from './matches-etag.ts';
import { createNarInfoCache, type NarInfoCache } from './narinfo-cache.ts';
import { narInfoJson } from './narinfo-json.ts';
import { narInfoHeaders, renderNarInfo } from './narinfo-source.ts';
import { nixLogDirectory, openBuildLog } from './open-build-log.ts';
import { type CacheRequest, parseCacheUrl } from './parse-cache-url.ts';
import type { ByteRange } from './parse-range.ts';
import type { PathSource } from './path-source.ts';
import { notFoundBody, notFoundHeaders, sendBody, sendNotFound, sendNotModified } from './reply.ts';
import { serveNar } from './serve-nar.ts';
import { createHotNarFile } from './stored/hot-nar-file.ts';
import { type StoredServing, serveNarFile } from './stored/serve-nar-file.ts';
import { createStoredListings } from './stored/stored-listings.ts';
import { untilClosed } from './until-closed.ts';

export interface CacheHandlerOptions {
  readonly source: PathSource;
  /** Keeps paths from the garbage collector while they are sent. */
  readonly store: Pick<Store, 'leaseTempRoots'>;
  /** The NAR of a path or a part of it, verified; a piece is good until the next is asked for (`live/create-dump-pool.ts`). */
  dump(info: PathInfo, range: ByteRange): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Files with NARs, and how they are sent. Default: none, every NAR is made while it is sent. */
  readonly stored?: StoredServing | undefined;
  /** Every narinfo is signed with all of them. */
  readonly keys: readonly SecretKey[];
  /** Lower is asked first; cache.nixos.org says 40. Default 30. */
  readonly priority?: number | undefined;
  /** Told of every fault of ours, which the client sees as a miss or a cut connection; the message says the URL. */
  readonly onFault?: ((message: string, error: unknown) => void) | undefined;
  /** For rendered narinfos. Default 256 MiB. */
  readonly maxCacheBytes?: number | undefined;
  /** A client that takes nothing for so long is cut off. Default ten minutes. */
  readonly stallTimeoutMs?: number | undefined;
  /** Default: where Nix keeps build logs. */
  readonly logDirectory?: string | undefined;
  /** False leaves `/log/…` to the caller, who has logs of his own. Default true. */
  readonly serveLogs?: boolean | undefined;
  /** What is answered beside narinfos and NARs; without it that is left to the caller. */
  readonly extras?: CacheExtras | undefined;
}

export interface CacheHandler {
  /** True when it has taken the request and answers it; false leaves it untouched. */
  tryServe(req: IncomingMessage, res: ServerResponse): boolean;
  readonly counters: Readonly<CacheCounters>;
  /** The narinfo by itself, for who wants many at once. */
  readonly narinfo: NarInfoCache['get'];
  /** The same answers for the front door (`hot/create-hot-server.ts`). */
  readonly hot: HotAnswers;
}

const cacheInfoHeaders = {
  'Content-Type': 'text/x-nix-cache-info',
  'Cache-Control': 'public, max-age=3600',
} as const;

export function createCacheHandler(options: CacheHandlerOptions): CacheHandler {
  const { source, keys, logDirectory = nixLogDirectory, stallTimeoutMs = 600_000 } = options;
  const counters: CacheCounters = {
    narinfoHits: 0,
    narinfoMisses: 0,
    nars: 0,
    narBytes: 0,
    narsCut: 0,
    faults: 0,
  };
  const narinfos = createNarInfoCache({
    maxBytes: options.maxCacheBytes ?? 256 * 1024 * 1024,
    source,
    render: (path) => renderNarInfo(path, keys),
  });
  const turns = createTurns({ budgetMs: 4, now: () => performance.now() });
  const stored = options.stored && {
    nars: options.stored.nars,
    listings: createStoredListings(options.stored.nars),
  };
  const nars = {
    roots: createTempRootKeeper(options.store),
    dump: (info: PathInfo, range: ByteRange) => options.dump(info, range),
    stallTimeoutMs,
    turns,
    stored: options.stored,
  };
  const cacheInfo = datedResponse(
    '200 OK',
    cacheInfoHeaders,
    Buffer.from(`StoreDir: /nix/store\nWantMassQuery: 1\nPriority: ${options.priority ?? 30}\n`),
  );
  const notFound = datedResponse('404 Not Found', notFoundHeaders, notFoundBody, { sayKept: false });
  const context: CacheContext = {
    counters,
    stored,
    turns,
    fault(error, req) {
      counters.faults += 1;
      options.onFault?.(`${req.method} ${req.url}: ${errorMessage(error)}`, error);
    },
    find: (req, hashPart) => attempt(req, () => source.lookup(hashPart)),
  };
  const attempt = async <T>(req: IncomingMessage, what: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await what();
    } catch (error) {
      context.fault(error, req);
      return undefined;
    }
  };

  const serveNarInfo = async (req: IncomingMessage, res: ServerResponse, hashPart: string): Promise<void> => {
    const rendered = await attempt(req, () => narinfos.get(hashPart));
    counters[rendered === undefined ? 'narinfoMisses' : 'narinfoHits'] += 1;
    if (rendered === undefined) sendNotFound(res);
    else
      sendBody(req, res, rendered.body, {
        ...narInfoHeaders,
        ETag: rendered.etag,
      });
  };

  const serveNarInfoJson = async (
    req: IncomingMessage,
    res: ServerResponse,
    hashPart: string,
  ): Promise<void> => {
    const rendered = await narinfos.get(hashPart);
    if (rendered === undefined) return sendNotFound(res);
    sendBody(req, res, Buffer.from(narInfoJson(rendered.body.toString())), {
      ...narInfoHeaders,
      'Content-Type': 'application/json',
    });
  };

  const serveListing = async (req: IncomingMessage, res: ServerResponse, hashPart: string): Promise<void> => {
    const info = await context.find(req, hashPart);
    if (info === undefined) return sendNotFound(res);
    const headers = {
      'Content-Type': 'application/json',
      'Cache-Control': 'public, max-age=86400',
      ETag: `"${info.narHash}"`,
    };
    if (matchesEtag(req.headers['if-none-match'], headers.ETag)) return sendNotModified(res, headers);
    const signal = untilClosed(res);
    const listing =
      info.isKept && info.stored !== undefined && stored !== undefined
        ? await stored.listings.of({ ...info, stored: info.stored }, signal)
        : await listNar(info.path, signal);
    sendBody(req, res, Buffer.from(JSON.stringify(listing)), headers);
  };

  const serveLog = async (req: IncomingMessage, res: ServerResponse, name: string): Promise<void> => {
    const log = await openBuildLog(name, logDirectory, untilClosed(res));
    if (log === undefined) return sendNotFound(res);
    res.setHeader('Content-Type', 'text/plain; charset=utf-8');
    res.setHeader('Cache-Control', 'public, max-age=86400');
    log.on('error', () => res.destroy());
    if (req.method === 'HEAD') {
      log.destroy();
      res.end();
      return;
    }
    res.setTimeout(stallTimeoutMs, () => res.destroy());
    log.pipe(res);
  };

  const serveHealth = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const well = (await attempt(req, () => source.version())) !== undefined;
    res.writeHead(well ? 200 : 503, { 'Content-Type': 'text/plain', 'Cache-Control': 'no-store' });
    res.end(well ? 'ok\n' : 'the store database cannot be read\n');
  };

  const serve = async (request: CacheRequest, req: IncomingMessage, res: ServerResponse): Promise<void> => {
    switch (request.kind) {
      case 'narinfo':
        return serveNarInfo(req, res, request.hashPart);
      case 'narinfo-json':
        return serveNarInfoJson(req, res, request.hashPart);
      case 'extra':
        return options.extras?.serve(request.request, req, res, context);
      case 'nar':
        return serveNar(req, res, request, context, nars);
      case 'nar-file':
        return nars.stored === undefined
          ? sendNotFound(res)
          : serveNarFile(req, res, request, context, { ...nars, ...nars.stored });
      case 'listing':
        return serveListing(req, res, request.hashPart);
      case 'log':
        return serveLog(req, res, request.name);
      case 'health':
        return serveHealth(req, res);
      case 'cache-info':
        return sendBody(req, res, cacheInfo.bytes.subarray(cacheInfo.headLength), cacheInfoHeaders);
    }
  };

  return {
    counters,
    narinfo: (hashPart) => narinfos.get(hashPart),
    hot: {
      narinfo(bytes, at) {
        try {
          if (narinfos.lacks(bytes, at)) {
            counters.narinfoMisses += 1;
            return notFound;
          }
          const rendered = narinfos.get(hashPartAt(bytes, at));
          if (rendered instanceof Promise) {
            // Whoever asks next is told what became of it.
            rendered.catch(() => {});
            return undefined;
          }
          counters[rendered === undefined ? 'narinfoMisses' : 'narinfoHits'] += 1;
          return rendered?.response ?? notFound;
        } catch (error) {
          counters.faults += 1;
          options.onFault?.(`/${hashPartAt(bytes, at)}.narinfo: ${errorMessage(error)}`, error);
          return notFound;
        }
      },
      narFile: createHotNarFile(options.stored, () => {
        counters.nars += 1;
      }),
      cacheInfo: () => cacheInfo,
    },
    tryServe(req, res) {
      if (req.method !== 'GET' && req.method !== 'HEAD') return false;
      const request = parseCacheUrl(req.url ?? '');
      if (request === undefined || (request.kind === 'log' && options.serveLogs === false)) return false;
      if (request.kind === 'extra' && options.extras === undefined) return false;
      // A client that goes away is no fault, and is told by 'close'.
      res.on('error', () => {});
      serve(request, req, res).catch((error: unknown) => {
        if (!res.destroyed) context.fault(error, req);
        if (res.headersSent) res.destroy();
        else sendNotFound(res);
      });
      return true;
    },
  };
}
