/**
 * Answers what clients put into caches, as `nix copy --to http://…` does, and what our own agents ask in batches.
 * Whoever comes here may: the token was looked at before.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CacheRecord } from '../../db/cache-records.ts';
import type { Database } from '../../db/database.ts';
import { parseNarInfo } from '../../nix/parse-narinfo.ts';
import { storeDir } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import type { StoredNars } from '../stored/stored-nars.ts';
import { offerOfNarInfo } from './offered-path.ts';
import type { UploadRequest } from './parse-upload-url.ts';
import { type PublishTarget, publishPaths } from './publish-paths.ts';
import { readUploadBody } from './read-upload-body.ts';
import { createNarReceiver, type UploadLimits } from './receive-nar.ts';

const maxNarInfoBytes = 1024 * 1024;
const maxExtraBytes = 64 * 1024 * 1024;

export interface UploadsDeps {
  readonly database: Pick<Database, 'cachePaths' | 'cacheUploads' | 'transaction'>;
  readonly stored: StoredNars;
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
  const { database, stored, limits, now } = deps;
  const receiver = createNarReceiver({ uploads: database.cacheUploads, stored, limits, now });

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
        case 'extra':
          start();
          await readUploadBody(req, maxExtraBytes);
          break;
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
