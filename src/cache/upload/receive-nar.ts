/**
 * Takes in the file of a NAR. It is written down before it begins, so that whatever becomes of it is found later; what it
 * must be is checked while it comes; and only when all of it is durable does the cache count it as received.
 */

import type { IncomingMessage } from 'node:http';
import type { CacheExtraRepository, CacheUploadRepository } from '../../db/cache-database.ts';
import type { CacheRecord } from '../../db/cache-records.ts';
import { AppError } from '../../util/app-error.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import type { StoredNars } from '../stored/stored-nars.ts';
import type { UploadRequest } from './parse-upload-url.ts';
import { bodyOf, contentLength, refuseTooLarge } from './read-upload-body.ts';

export interface UploadLimits {
  /** Of one file as it is sent, and of the NAR in it. */
  readonly maxFileBytes: number;
  readonly maxNarBytes: number;
}

export interface NarReceiverDeps {
  readonly uploads: CacheUploadRepository;
  readonly extras: Pick<CacheExtraRepository, 'setBuildIds'>;
  readonly stored: Pick<StoredNars, 'find' | 'receive'>;
  readonly limits: UploadLimits;
  readonly now: () => number;
}

export interface NarReceiver {
  /**
   * `start` is called when nothing speaks against reading the body. Throws `cache.too-large`, `cache.quota`,
   * `cache.encoding`, `cache.upload-refused`, `blobs.full`.
   */
  receive(
    req: IncomingMessage,
    request: UploadRequest & { readonly kind: 'nar' },
    cache: Pick<CacheRecord, 'id' | 'quota'>,
    options: { readonly start: () => void; readonly signal: AbortSignal },
  ): Promise<void>;
}

export function createNarReceiver({ uploads, extras, stored, limits, now }: NarReceiverDeps): NarReceiver {
  /** Bytes that are being received, by cache: several uploads at once must not each take the same last bytes. */
  const coming = new Map<number, number>();

  const roomIn = async ({ id, quota }: Pick<CacheRecord, 'id' | 'quota'>): Promise<number> =>
    quota === null ? Number.POSITIVE_INFINITY : quota - (await uploads.bytes(id)) - (coming.get(id) ?? 0);

  return {
    async receive(req, { fileHash, compression }, cache, { start, signal }) {
      const encoding = req.headers['content-encoding'];
      if (encoding !== undefined && encoding !== 'identity') {
        throw new AppError(
          'cache.encoding',
          `wanted a NAR without Content-Encoding, got ${encoding.slice(0, 100)}`,
        );
      }
      refuseTooLarge(req, limits.maxFileBytes);
      const known = await stored.find(fileHash);
      if (known !== undefined && (await uploads.has(cache.id, fileHash))) {
        start();
        for await (const _ of bodyOf(req)) signal.throwIfAborted();
        return;
      }
      const room = await roomIn(cache);
      const expected = contentLength(req) ?? 0;
      if (expected > room || room <= 0) throw full(cache.quota ?? 0, room, expected);
      coming.set(cache.id, (coming.get(cache.id) ?? 0) + expected);
      try {
        await uploads.begin({
          cacheId: cache.id,
          fileHash,
          startedAt: now(),
          madeFile: known === undefined,
        });
        start();
        const { first, rest } = await peek(bodyOf(req));
        const received = await stored.receive(counted(rest, limits.maxFileBytes, room, cache.quota ?? 0), {
          compression: compression === 'none' && isGzip(first) ? 'gzip' : compression,
          fileHash,
          maxFileBytes: limits.maxFileBytes,
          maxNarBytes: limits.maxNarBytes,
          signal,
        });
        const { nar, buildIds } = received;
        await extras.setBuildIds(nar.narHash, buildIds);
        await uploads.received(cache.id, fileHash, now());
      } finally {
        coming.set(cache.id, (coming.get(cache.id) ?? 0) - expected);
      }
    },
  };
}

async function* counted(
  chunks: AsyncIterable<Buffer>,
  maxBytes: number,
  room: number,
  quota: number,
): AsyncGenerator<Buffer> {
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > maxBytes) {
      throw new AppError('cache.too-large', `wanted at most ${formatBytes(maxBytes)}, and more came`);
    }
    if (length > room) throw full(quota, room, length);
    yield chunk;
  }
}

function full(quota: number, room: number, wanted: number): AppError {
  return new AppError(
    'cache.quota',
    `the cache may hold ${formatBytes(quota)} and has ${formatBytes(Math.max(0, room))} left; ` +
      `${wanted === 0 ? 'more' : formatBytes(wanted)} would come`,
  );
}

/** The first piece, and all of them once more. */
async function peek(
  chunks: AsyncIterable<Buffer>,
): Promise<{ readonly first: Buffer; readonly rest: AsyncIterable<Buffer> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const { value, done } = await iterator.next();
  const first = done === true ? Buffer.alloc(0) : value;
  return {
    first,
    rest: (async function* () {
      try {
        if (first.length > 0) yield first;
        for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
          yield next.value;
      } finally {
        await iterator.return?.();
      }
    })(),
  };
}

/** A NAR begins with the length of a word, 13; so the first byte tells the two apart. */
function isGzip(first: Buffer): boolean {
  return first[0] === 0x1f;
}
