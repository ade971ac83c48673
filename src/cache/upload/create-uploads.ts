/**
 * Answers what clients put into caches, as `nix copy --to http://…` does, and what our own agents ask in batches.
 * Whoever comes here may: the token was looked at before.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CacheRecord } from '../../db/cache-records.ts';
import type { Database } from '../../db/database.ts';
import { parseNarInfo } from '../../nix/parse-narinfo.ts';
import { storeDir, storePathHash } from '../../nix/store-path.ts';
import type { Realisation } from '../../store/read-realisation.ts';
import { AppError } from '../../util/app-error.ts';
import { checkDebugInfo } from '../kept/check-debug-info.ts';
import type { KeptExtras, RealisationKind } from '../kept/kept-extras.ts';
import { parseBuildTrace, parseRealisation } from '../kept/kept-realisation.ts';
import type { StoredNars } from '../stored/stored-nars.ts';
import { adoptPaths } from './adopt-paths.ts';
import { offerOfNarInfo } from './offered-path.ts';
import type { UploadRequest } from './parse-upload-url.ts';
import { type PublishTarget, publishPaths } from './publish-paths.ts';
import { discardUploadBody, readUploadBody } from './read-upload-body.ts';
import { createNarReceiver, type UploadLimits } from './receive-nar.ts';

const maxNarInfoBytes = 1024 * 1024;
const maxLogBytes = 64 * 1024 * 1024;
const maxListingBytes = 64 * 1024 * 1024;
const maxRealisationBytes = 256 * 1024;

export interface UploadsDeps {
  readonly database: Pick<Database, 'cachePaths' | 'cacheUploads' | 'cacheExtras' | 'transaction'>;
  readonly stored: StoredNars;
  readonly kept: KeptExtras;
  readonly limits: UploadLimits;
  readonly checkMentions?: boolean | undefined;
  readonly now: () => number;
}

export interface UploadTarget extends PublishTarget {
  readonly record: CacheRecord;
}

export interface Uploads {
  /** Throws what is wrong with it; else it has answered. */
  put(
    request: UploadRequest,
    req: IncomingMessage,
    res: ServerResponse,
    target: UploadTarget,
    signal: AbortSignal,
  ): Promise<void>;
}

export function createUploads(deps: UploadsDeps): Uploads {
  const { database, stored, kept, limits, now } = deps;
  const receiver = createNarReceiver({
    uploads: database.cacheUploads,
    extras: database.cacheExtras,
    stored,
    limits,
    now,
  });

  const putNarInfo = async (
    hashPart: string,
    req: IncomingMessage,
    target: UploadTarget,
    signal: AbortSignal,
  ): Promise<void> => {
    const body = await readUploadBody(req, maxNarInfoBytes);
    const info = parseNarInfo(decodeText(body), `the narinfo of ${hashPart}`);
    await publishPaths([offerOfNarInfo(info, hashPart)], target, deps, signal);
  };

  /** Only of what the cache has: nobody could be sent to its path otherwise. */
  const putRealisation = async (
    kind: RealisationKind,
    name: string,
    realisation: Realisation,
    { record: { id }, adopt }: UploadTarget,
    signal: AbortSignal,
  ): Promise<void> => {
    const { path } = realisation;
    const has = async (): Promise<boolean> =>
      (await database.cachePaths.get(id, storePathHash(path)))?.path === path;
    if (!(await has())) {
      await adoptPaths(adopt, [path], signal);
      if (!(await has())) {
        throw new AppError(
          'cache.references-missing',
          `${name} became ${path}, which the cache does not have, and has to before it is told so`,
        );
      }
    }
    await kept.putRealisation(id, kind, name, realisation);
  };

  return {
    async put(request, req, res, target, signal) {
      const start = (): void => startReading(req, res);
      switch (request.kind) {
        case 'nar':
          await receiver.receive(req, request, target.record, { start, signal });
          break;
        case 'narinfo':
          start();
          await putNarInfo(request.hashPart, req, target, signal);
          break;
        case 'cache-info':
          start();
          checkCacheInfo(decodeText(await readUploadBody(req, 65_536)));
          break;
        case 'listing':
          start();
          await discardUploadBody(req, maxListingBytes);
          break;
        case 'log':
          start();
          await kept.putLog(target.record.id, request.name, await readUploadBody(req, maxLogBytes), signal);
          break;
        case 'debug-info':
          start();
          checkDebugInfo(decodeText(await readUploadBody(req, 65_536)), request.buildId);
          break;
        case 'realisation': {
          start();
          const name = `${request.drvHash}!${request.output}`;
          const said = parseRealisation(decodeText(await readUploadBody(req, maxRealisationBytes)), name);
          await putRealisation(request.kind, name, said, target, signal);
          break;
        }
        case 'build-trace': {
          start();
          const name = `${request.drvName}!${request.output}`;
          const said = parseBuildTrace(decodeText(await readUploadBody(req, maxRealisationBytes)), name);
          await putRealisation(request.kind, name, said, target, signal);
          break;
        }
      }
      res.writeHead(200, { 'Content-Length': 0 }).end();
    },
  };
}

/** A client that waits to be told so sends its body now. */
export function startReading(req: IncomingMessage, res: ServerResponse): void {
  if (req.headers.expect?.toLowerCase() === '100-continue') res.writeContinue();
}

export function decodeText(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch (cause) {
    throw new AppError('cache.upload-refused', 'wanted text in UTF-8, got something else', { cause });
  }
}

/** Clients put one where they find none. Only the folder of the store matters, and it has to be ours. */
function checkCacheInfo(text: string): void {
  const line = text.split('\n').find((candidate) => candidate.startsWith('StoreDir:'));
  const folder = line?.slice('StoreDir:'.length).trim();
  if (folder === storeDir) return;
  throw new AppError(
    'cache.upload-refused',
    `wanted a nix-cache-info of ${storeDir}, got ${JSON.stringify(folder?.slice(0, 300) ?? text.slice(0, 300))}`,
  );
}
