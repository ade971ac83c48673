/**
 * What an agent asks of a cache of ours: which paths it lacks, to take a file, to make paths of files. What may only have
 * gone wrong on the way is tried again; what the server refuses comes with its own words.
 */

import { openAsBlob } from 'node:fs';
import { z } from 'zod';
import { AppError } from '../../util/app-error.ts';
import type { ErrorCode } from '../../util/error-catalogue.ts';
import { errorMessage } from '../../util/error-message.ts';
import { isErrorCode } from '../../util/is-error-code.ts';
import { parseJson } from '../../util/parse-json.ts';
import { pause } from '../../util/pause.ts';
import { missingReply, publishReply } from '../upload/batch-schemas.ts';

export interface CacheClient {
  /** Without a slash at its end. */
  readonly url: string;
  /** Throws `cache.unauthorized` and `cache.forbidden` before anything is done in vain. */
  mayPush(): Promise<void>;
  /** Those of these hash parts that the cache does not have. */
  missing(hashParts: readonly string[]): Promise<ReadonlySet<string>>;
  /** Puts a file under `nar/<file hash>.nar[.zst …]`. */
  putNar(name: string, file: string): Promise<void>;
  /** Makes paths of files that were put, all or none. */
  publish(narinfos: readonly string[]): Promise<void>;
}

export interface CacheClientOptions {
  /** Of the cache, e.g. `https://cache.example.org/c/team`. */
  readonly url: string;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  readonly fetch?: typeof fetch;
  /** Waits between tries. Default: really. */
  readonly wait?: (ms: number) => Promise<void>;
}

const tries = 5;
const firstWaitMs = 500;
const passing: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);
/** Asked for in one request. */
const pageSize = 10_000;

const refusal = z.object({ error: z.string(), code: z.string().optional(), hint: z.string().optional() });

/** Throws `usage.invalid` when the URL is none. */
export function createCacheClient(options: CacheClientOptions): CacheClient {
  const { token, signal } = options;
  const run = options.fetch ?? fetch;
  const wait = options.wait ?? ((ms: number) => pause(ms, signal));
  const { url, api } = addresses(options.url);

  const attempt = async (method: string, target: string, body: Blob | string): Promise<Response> => {
    try {
      return await run(target, {
        method,
        body,
        signal,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      });
    } catch (cause) {
      if (signal.aborted) throw new AppError('interrupted', `interrupted: ${method} ${target}`, { cause });
      const why = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
      throw new AppError('server.unreachable', `no cache answers at ${url}: ${errorMessage(why)}`, { cause });
    }
  };
  const send = async (
    method: string,
    target: string,
    body: () => Promise<Blob | string>,
  ): Promise<string> => {
    for (let left = tries - 1, waitMs = firstWaitMs; ; left -= 1, waitMs *= 2) {
      try {
        const response = await attempt(method, target, await body());
        const text = await response.text();
        if (response.ok) return text;
        const error = refused(response.status, text, `${method} ${target}`);
        if (!passing.has(response.status) || left === 0) throw error;
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'server.unreachable' || left === 0) throw error;
      }
      await wait(waitMs);
    }
  };
  const post = async <T>(name: string, body: unknown, schema: z.ZodType<T>): Promise<T> => {
    const text = await send('POST', `${api}/${name}`, async () => JSON.stringify(body));
    const parsed = schema.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    throw new AppError('server.answer', `${api}/${name} answered with something else than was wanted`);
  };

  return {
    url,
    async mayPush() {
      await send('PUT', `${url}/nix-cache-info`, async () => 'StoreDir: /nix/store\n');
    },
    async missing(hashParts) {
      const missing = new Set<string>();
      for (let at = 0; at < hashParts.length; at += pageSize) {
        const page = hashParts.slice(at, at + pageSize);
        for (const part of (await post('paths/missing', { hashParts: page }, missingReply)).missing)
          missing.add(part);
      }
      return missing;
    },
    async putNar(name, file) {
      await send('PUT', `${url}/${name}`, () => openAsBlob(file));
    },
    async publish(narinfos) {
      await post('paths', { narinfos }, publishReply);
    },
  };
}

/** A named cache has its API below itself, the one at the root beside the server's own. */
function addresses(text: string): { readonly url: string; readonly api: string } {
  const url = text.replace(/\/+$/, '');
  if (!/^https?:\/\/[^/]/.test(url) || !URL.canParse(url)) {
    throw new AppError(
      'usage.invalid',
      `wanted the URL of a cache such as https://cache.example.org/c/team, got '${text}'`,
    );
  }
  return { url, api: /\/c\/[^/]+$/.test(url) ? `${url}/api/v1` : `${url}/api/v1/cache` };
}

const codes: Readonly<Record<number, ErrorCode>> = {
  401: 'cache.unauthorized',
  403: 'cache.forbidden',
  413: 'cache.too-large',
  507: 'cache.quota',
};

/** The server's own words, which for what is put are its first line. */
function refused(status: number, text: string, what: string): AppError {
  const said = refusal.safeParse(parseJson(text));
  const { error, code, hint } = said.success
    ? said.data
    : {
        error: text.split('\n', 1)[0] || `${what} was answered with HTTP status ${status}`,
        code: '',
        hint: undefined,
      };
  const known = code !== undefined && isErrorCode(code) ? code : (codes[status] ?? 'server.refused');
  return new AppError(known, error, hint === undefined ? {} : { hint });
}
