/**
 * The batch API: what a client would ask for each path by itself, in one request. `missing` before a push, `paths` at its
 * end, `narinfo` for who deploys a whole closure.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Database } from '../../db/database.ts';
import { parseNarInfo } from '../../nix/parse-narinfo.ts';
import { storePathHash } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import type { Need } from '../access/cache-guard.ts';
import type { RenderedNarInfo } from '../narinfo-cache.ts';
import type { StoredNars } from '../stored/stored-nars.ts';
import { hashPartsRequest, publishRequest } from './batch-schemas.ts';
import { decodeText, startReading } from './create-uploads.ts';
import { offerOfNarInfo } from './offered-path.ts';
import { type PublishTarget, publishPaths } from './publish-paths.ts';
import { readUploadBody } from './read-upload-body.ts';

const maxBodyBytes = 64 * 1024 * 1024;
/** Looked up at a time. */
const atOnce = 32;

export interface BatchTarget extends PublishTarget {
  narinfo(hashPart: string): RenderedNarInfo | undefined | Promise<RenderedNarInfo | undefined>;
}

export interface BatchCall {
  readonly needs: Need;
  run(req: IncomingMessage, res: ServerResponse, target: BatchTarget, signal: AbortSignal): Promise<void>;
}

export interface BatchApiDeps {
  readonly database: Pick<Database, 'cachePaths' | 'cacheUploads' | 'transaction'>;
  readonly stored: StoredNars;
  readonly checkMentions?: boolean | undefined;
  readonly now: () => number;
}

/** The calls by what comes after the address of the API; all are posted. */
export function createBatchApi(deps: BatchApiDeps): ReadonlyMap<string, BatchCall> {
  const { database } = deps;
  return new Map<string, BatchCall>([
    [
      'paths/missing',
      {
        needs: 'read',
        async run(req, res, target) {
          const { hashParts } = await readJson(req, res, hashPartsRequest);
          const there = await database.cachePaths.getMany(target.record.id, [...new Set(hashParts)]);
          answer(res, { missing: hashParts.filter((hashPart) => !there.has(hashPart)) });
        },
      },
    ],
    [
      'narinfo',
      {
        needs: 'read',
        async run(req, res, target, signal) {
          const { hashParts } = await readJson(req, res, hashPartsRequest);
          const narinfos: Record<string, string> = {};
          const rest = new Set(hashParts).values();
          const work = async (): Promise<void> => {
            for (const hashPart of rest) {
              signal.throwIfAborted();
              const rendered = await target.narinfo(hashPart);
              if (rendered !== undefined) narinfos[hashPart] = rendered.body.toString();
            }
          };
          await Promise.all(Array.from({ length: atOnce }, work));
          answer(res, { narinfos });
        },
      },
    ],
    [
      'paths',
      {
        needs: 'push',
        async run(req, res, target, signal) {
          const { narinfos } = await readJson(req, res, publishRequest);
          const offers = narinfos.map((text, at) => {
            const info = parseNarInfo(text, `narinfo ${at + 1} of ${narinfos.length}`);
            return offerOfNarInfo(info, storePathHash(info.storePath));
          });
          answer(res, { added: await publishPaths(offers, target, deps, signal) });
        },
      },
    ],
  ]);
}

async function readJson<T>(req: IncomingMessage, res: ServerResponse, schema: z.ZodType<T>): Promise<T> {
  startReading(req, res);
  const text = decodeText(await readUploadBody(req, maxBodyBytes));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AppError('cache.invalid', 'wanted JSON, got something else', { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError('cache.invalid', z.prettifyError(parsed.error).slice(0, 2000));
}

function answer(res: ServerResponse, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  res.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
  });
  res.end(body);
}
