/**
 * What a cache answers beside narinfos and NARs, out of the store's database and files: realisations, debug information,
 * browsing, its public keys and how to trust them, metrics; and, where the cache keeps such things, out of what clients
 * have uploaded.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { formatBareHash, parseHash } from '../../nix/hash.ts';
import { printPublicKey } from '../../nix/public-key.ts';
import type { SecretKey } from '../../nix/signing-key.ts';
import { storePathHash } from '../../nix/store-path.ts';
import type { Realisation } from '../../store/read-realisation.ts';
import type { CacheContext } from '../cache-context.ts';
import { describeTrust, type TrustDescription } from '../describe-trust.ts';
import type { RealisationKind } from '../kept/kept-extras.ts';
import { sendBody, sendNotFound } from '../reply.ts';
import type { StoredNars } from '../stored/stored-nars.ts';
import { createCacheMetrics } from './cache-metrics.ts';
import { createDebugInfoIndex, type DebugInfoDatabase } from './create-debug-info-index.ts';
import { findProofPath, type ProofDatabase } from './find-proof-path.ts';
import type { ExtraRequest } from './parse-extra-url.ts';
import { metricsType, renderMetrics } from './render-metrics.ts';
import { renderTrustPage } from './render-trust-page.ts';
import { requestUrl } from './request-url.ts';
import { serveFiles } from './serve-files.ts';
import { buildTraceFile, realisationFile } from './sign-realisation.ts';
import { wantsJson } from './wants-json.ts';

/** The part of the read-only store database that is asked. */
export interface ExtrasDatabase extends DebugInfoDatabase, ProofDatabase {
  realisation(drvHash: string, output: string): Realisation | undefined;
  buildTrace(drvName: string, output: string): Realisation | undefined;
}

export interface ExtrasOptions {
  readonly database: ExtrasDatabase;
  readonly keys: readonly SecretKey[];
  /** How clients reach the server, where that is known; else as each client says. */
  readonly baseUrl?: string | undefined;
  /** Below which the cache is there, such as `/c/name`. */
  readonly folder?: string | undefined;
  /** What the cache keeps beside paths. */
  readonly kept?: KeptSource | undefined;
  /** The files of NARs, where there are any. */
  readonly stored?: Pick<StoredNars, 'counters'> | undefined;
  /** A client that takes nothing for so long is cut off. Default ten minutes. */
  readonly stallTimeoutMs?: number | undefined;
}

/** `KeptExtras` of one cache. */
export interface KeptSource {
  realisation(kind: RealisationKind, name: string): Promise<Realisation | undefined>;
  withBuildId(buildId: string): Promise<readonly string[]>;
}

export interface CacheExtras {
  /** Answers; what it throws is a fault of ours, and a miss for the client. */
  serve(
    request: ExtraRequest,
    req: IncomingMessage,
    res: ServerResponse,
    context: CacheContext,
  ): Promise<void>;
}

const day = 'public, max-age=86400';
const pageGuards = {
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
} as const;

export function createExtras(options: ExtrasOptions): CacheExtras {
  const { database, keys, kept, stallTimeoutMs = 600_000 } = options;
  const metrics = createCacheMetrics();
  const debugInfo = createDebugInfoIndex(database);
  const publicKeys = keys.map(({ publicKey }) => printPublicKey(publicKey));
  const ownNames = new Set(keys.map(({ name }) => name));

  const trust = async (req: IncomingMessage, context: CacheContext): Promise<TrustDescription> => {
    const base = options.baseUrl ?? requestUrl(req) ?? 'http://this-cache';
    const path = findProofPath(database, ownNames);
    // A cache need not have all that the store has.
    const isServed = path !== undefined && (await context.find(req, storePathHash(path))) !== undefined;
    return describeTrust({
      url: base + (options.folder ?? ''),
      publicKeys,
      ...(isServed && { path }),
    });
  };

  /**
   * The first that is of a path that can be had from this cache. At the root the store knows best what its paths are; a
   * named cache has them from those who put them there.
   */
  const served = async (
    live: Realisation | undefined,
    kind: RealisationKind,
    name: string,
    req: IncomingMessage,
    context: CacheContext,
  ): Promise<Realisation | undefined> => {
    const uploaded = await kept?.realisation(kind, name);
    for (const found of options.folder === undefined ? [live, uploaded] : [uploaded, live]) {
      if (found === undefined) continue;
      const info = await context.find(req, storePathHash(found.path));
      if (info?.path === found.path) return found;
    }
    return undefined;
  };

  const serveDebugInfo = async (
    buildId: string,
    req: IncomingMessage,
    res: ServerResponse,
    context: CacheContext,
  ): Promise<void> => {
    const uploaded = (await kept?.withBuildId(buildId)) ?? [];
    for (const hashPart of [...(await debugInfo.find(buildId)).map(storePathHash), ...uploaded]) {
      const info = await context.find(req, hashPart);
      if (info === undefined) continue;
      const narHash = formatBareHash(parseHash(info.narHash, 'sha256'), 'nix32');
      const answer = {
        archive: `../nar/${hashPart}-${narHash}.nar`,
        member: `lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`,
      };
      return sendJson(req, res, JSON.stringify(answer));
    }
    return sendNotFound(res);
  };

  return {
    async serve(request, req, res, context) {
      switch (request.kind) {
        case 'realisation': {
          const { drvHash, output } = request;
          const name = `${drvHash}!${output}`;
          const live = database.realisation(drvHash, output);
          const found = await served(live, request.kind, name, req, context);
          if (found === undefined) return sendNotFound(res);
          return sendJson(req, res, realisationFile(name, found, keys));
        }
        case 'build-trace': {
          const { drvName, output } = request;
          const live = database.buildTrace(drvName, output);
          const found = await served(live, request.kind, `${drvName}!${output}`, req, context);
          if (found === undefined) return sendNotFound(res);
          return sendJson(req, res, buildTraceFile(drvName, output, found, keys));
        }
        case 'debug-info':
          return serveDebugInfo(request.buildId, req, res, context);
        case 'files':
          return serveFiles(req, res, request, context, stallTimeoutMs);
        case 'public-keys':
          return sendBody(req, res, Buffer.from(publicKeys.map((key) => `${key}\n`).join('')), {
            'Content-Type': 'text/plain; charset=utf-8',
            'Cache-Control': 'public, max-age=3600',
          });
        case 'trust': {
          const json = wantsJson(req);
          const description = await trust(req, context);
          const body = json ? JSON.stringify(description) : renderTrustPage(description);
          return sendBody(req, res, Buffer.from(body), {
            ...pageGuards,
            'Content-Type': json ? 'application/json' : 'text/html; charset=utf-8',
            // It names the address by which this client came, and a path that may go.
            'Cache-Control': 'private, no-store',
          });
        }
        case 'metrics':
          return sendBody(
            req,
            res,
            Buffer.from(renderMetrics(metrics.collect(context.counters, options.stored?.counters))),
            {
              'Content-Type': metricsType,
              'Cache-Control': 'no-store',
            },
          );
      }
    },
  };
}

function sendJson(req: IncomingMessage, res: ServerResponse, text: string): void {
  sendBody(req, res, Buffer.from(text), { 'Content-Type': 'application/json', 'Cache-Control': day });
}
