/**
 * The caches of a server by their addresses: named ones under `/c/<name>/…`, with the same URLs below as at the root, and
 * for the one at the root what its own handler does not do: uploads, the batch API and, where it is private, looking at
 * the token first.
 *
 * A request goes three steps: which cache (one that is not there is treated as a private one), may it, and who answers.
 * What goes wrong is told in plain words, but for narinfos, which clients take nothing but a miss or a refusal from.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CacheRecord } from '../../db/cache-records.ts';
import type { StorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import type { CacheGuard } from '../access/cache-guard.ts';
import type { CacheHandler } from '../create-cache-handler.ts';
import type { KeptExtras } from '../kept/kept-extras.ts';
import { serveKeptLog } from '../kept/serve-kept-log.ts';
import { parseCacheUrl } from '../parse-cache-url.ts';
import { sendNotFound } from '../reply.ts';
import { untilClosed } from '../until-closed.ts';
import type { BatchCall } from '../upload/create-batch-api.ts';
import type { Uploads } from '../upload/create-uploads.ts';
import { parseUploadUrl } from '../upload/parse-upload-url.ts';
import { refuseUpload } from '../upload/refuse-upload.ts';
import type { CachePathSource } from './cache-path-source.ts';
import type { Caches } from './open-caches.ts';

export interface CacheSiteDeps {
  readonly caches: Caches;
  readonly guard: CacheGuard;
  readonly uploads: Uploads;
  readonly batch: ReadonlyMap<string, BatchCall>;
  readonly kept: Pick<KeptExtras, 'log'>;
  /** The cache at the root of the server. */
  readonly root: {
    readonly handler: CacheHandler;
    readonly isPrivate: boolean;
    added(hashParts: readonly string[]): void;
    live?: ((hashPart: string) => StorePath | undefined) | undefined;
    adopt?: ((paths: readonly StorePath[], signal: AbortSignal) => Promise<void>) | undefined;
  };
  /** Told of every fault of ours. */
  readonly onFault: (message: string, error: unknown) => void;
  /** A client that sends nothing for so long is cut off. Default ten minutes. */
  readonly stallTimeoutMs?: number | undefined;
}

export interface CacheSite {
  /** True when it has taken the request and answers it; false leaves it untouched. */
  tryServe(req: IncomingMessage, res: ServerResponse): boolean;
}

/** What one request is about. */
interface Target {
  readonly record: CacheRecord;
  readonly handler: CacheHandler;
  /** Undefined at the root, whose handler knows all its paths. */
  readonly source?: CachePathSource;
  added(hashParts: readonly string[]): void;
  live?: CacheSiteDeps['root']['live'];
  adopt?: CacheSiteDeps['root']['adopt'];
}

const named = /^\/c\/([a-z0-9][a-z0-9._-]{0,63})(\/.*)$/;
const rootApi = '/api/v1/cache/';
const namedApi = '/api/v1/';

export function createCacheSite(deps: CacheSiteDeps): CacheSite {
  /** It was told that there is no space; once, until something was taken in. */
  let isToldFull = false;

  const { caches, guard, uploads, batch, kept, root, onFault, stallTimeoutMs = 600_000 } = deps;

  const rootTarget = async (): Promise<Target> => ({
    ...root,
    record: { ...(await caches.main()), isPrivate: root.isPrivate },
  });
  const namedTarget = async (name: string): Promise<Target | undefined> => {
    const cache = await caches.find(name);
    return cache && { ...cache, added: (hashParts) => cache.source.added(hashParts) };
  };

  /** `path`: below the cache's address, query included. */
  const serve = async (
    target: Target | undefined,
    path: string,
    api: string,
    req: IncomingMessage,
    res: ServerResponse,
  ): Promise<void> => {
    const signal = untilClosed(res);
    const bare = path.split('?', 1)[0] ?? path;
    const admit = async (need: 'read' | 'push'): Promise<Target> => {
      await guard.admit(req.headers.authorization, target?.record, need);
      if (target === undefined) throw new AppError('cache.unknown', 'there is no such cache here');
      return target;
    };
    if (req.method === 'GET' || req.method === 'HEAD') {
      return read(await admit('read'), path, bare, req, res);
    }
    if (req.method === 'PUT') {
      const admitted = await admit('push');
      const request = parseUploadUrl(bare);
      if (request === undefined) throw new AppError('api.not-found', 'a cache has nothing of that name');
      await uploads.put(request, req, res, admitted, signal);
      if (request.kind === 'nar') isToldFull = false;
      return;
    }
    const call =
      req.method === 'POST' && bare.startsWith(api) ? batch.get(bare.slice(api.length)) : undefined;
    const admitted = await admit(call?.needs ?? 'read');
    if (call === undefined)
      throw new AppError('api.method', 'a cache is read with GET and HEAD, and filled with PUT');
    const narinfo = (hashPart: string) => admitted.handler.narinfo(hashPart);
    return call.run(req, res, { ...admitted, narinfo }, signal);
  };

  const read = async (
    target: Target,
    path: string,
    bare: string,
    req: IncomingMessage,
    res: ServerResponse,
  ): Promise<void> => {
    if (target.record.isPrivate) keepPrivate(res);
    if (target.source !== undefined) {
      // Those of the server's own builds are the API's, at the root.
      const request = parseCacheUrl(bare);
      if (request?.kind === 'log') {
        const log = await kept.log(target.record.id, request.name);
        return serveKeptLog(req, res, log, stallTimeoutMs, (error) => fault(req, path, error));
      }
    }
    req.url = path;
    if (!target.handler.tryServe(req, res)) sendNotFound(res);
  };

  const fault = (req: IncomingMessage, path: string, error: unknown): void =>
    onFault(`${req.method} ${path}: ${errorMessage(error)}`, error);

  const fail = (req: IncomingMessage, res: ServerResponse, path: string, error: unknown): void => {
    if (res.destroyed) return;
    const status = error instanceof AppError ? error.status : 500;
    const isOurs = status >= 500 && !(error instanceof AppError && error.code === 'cache.quota');
    const isFull = error instanceof AppError && error.code === 'blobs.full';
    if (isOurs && !(isFull && isToldFull)) fault(req, path, error);
    if (isFull) isToldFull = true;
    const isRead = req.method === 'GET' || req.method === 'HEAD';
    if (isOurs && isRead && path.includes('.narinfo')) sendNotFound(res);
    else refuseUpload(req, res, error, path.includes('/api/') ? 'json' : 'text');
  };

  const take = (
    find: () => Promise<Target | undefined>,
    path: string,
    api: string,
    req: IncomingMessage,
    res: ServerResponse,
  ): true => {
    res.on('error', () => {});
    req.on('error', () => {});
    req.setTimeout(stallTimeoutMs, () => req.destroy());
    const whole = req.url ?? '';
    find()
      .then((target) => serve(target, path, api, req, res))
      .catch((error: unknown) => fail(req, res, whole, error));
    return true;
  };

  return {
    tryServe(req, res) {
      const url = req.url ?? '';
      if (url.startsWith('/c/')) {
        const [, name, path = '/'] = named.exec(url) ?? [];
        const find = async () => (name === undefined ? undefined : namedTarget(name));
        return take(find, path, namedApi, req, res);
      }
      const isUpload = req.method === 'PUT' && parseUploadUrl(url.split('?', 1)[0] ?? '') !== undefined;
      const isCall = req.method === 'POST' && url.startsWith(rootApi);
      const isRead = root.isPrivate && (req.method === 'GET' || req.method === 'HEAD') && isGuarded(url);
      return (isUpload || isCall || isRead) && take(rootTarget, url, rootApi, req, res);
    },
  };
}

/** That the server is well tells nothing of the cache; the logs are the API's, which looks at users itself. */
function isGuarded(url: string): boolean {
  const kind = parseCacheUrl(url)?.kind;
  return kind !== undefined && kind !== 'health' && kind !== 'log';
}

/** What a private cache gives is for who asked, not for whatever is in between. */
function keepPrivate(res: ServerResponse): void {
  const writeHead = res.writeHead.bind(res);
  res.writeHead = (status: number, headers?: unknown) => {
    const given = headers as Record<string, string> | undefined; // all answers of caches give an object
    const control = given?.['Cache-Control'];
    return writeHead(status, {
      ...given,
      ...(control !== undefined && { 'Cache-Control': control.replace('public', 'private') }),
    });
  };
}
