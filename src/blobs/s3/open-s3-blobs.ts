/**
 * Blobs in a bucket of an S3 server. What is being written lies in a local file until it has its key, since that is known
 * only then; it is sent in parts, and the server puts them under the key in one step. Local files of writers that were
 * killed go when it is opened the next time. Whatever is asked of the server has a deadline (`patient-fetch.ts`).
 */

import { openAsBlob } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { S3mini } from 's3mini';
import { AppError } from '../../util/app-error.ts';
import type { BlobInfo, BlobRange, BlobStore, BlobWriter } from '../blob-store.ts';
import { checkBlobKey } from '../check-blob-key.ts';
import { fileBlobError } from '../file/file-blob-error.ts';
import { sweepWriting } from '../file/sweep-writing.ts';
import { writerName } from '../file/writer-name.ts';
import { cutRange } from './cut-range.ts';
import type { S3Place } from './parse-s3-url.ts';
import { createPatientFetch } from './patient-fetch.ts';
import { s3BlobError } from './s3-blob-error.ts';

/** Four are sent at a time, and there may be ten thousand. */
const partBytes = 16 * 1024 * 1024;
const perPage = 1000;

export interface S3BlobsOptions {
  /** A folder for files that are being written; made where it is missing. */
  readonly staging: string;
  readonly now?: () => number;
}

/** Throws `blobs.unreachable` when the bucket is not there. */
export async function openS3Blobs(place: S3Place, options: S3BlobsOptions): Promise<BlobStore> {
  const { staging } = options;
  const closing = new AbortController();
  const patient = createPatientFetch({ silenceMs: place.timeoutMs, closing: closing.signal });
  const client = new S3mini({
    accessKeyId: place.accessKeyId,
    secretAccessKey: place.secretAccessKey,
    endpoint: `${place.endpoint}/${place.bucket}`,
    region: place.region,
    minPartSize: partBytes,
    fetch: patient.fetch,
  });
  const where = `s3://${place.bucket} at ${place.endpoint}`;
  const nameOf = await writerName();
  await guardFile(`make the folder ${staging}`, async () => {
    await mkdir(staging, { recursive: true, mode: 0o700 });
    await sweepWriting(staging, (options.now ?? Date.now)());
  });
  const fullKey = (key: string): string => {
    checkBlobKey(key);
    return place.prefix + key;
  };
  const ask = <T>(what: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> =>
    guard(what, () => patient.within(signal, work));
  /** A bucket that is not there, now or any more, is no reason to give up what was in it. */
  const page = async (prefix: string, size: number, signal?: AbortSignal, token?: string) => {
    const found = await ask(`list ${where}`, signal, () =>
      client.listObjectsPaged('/', place.prefix + prefix, size, token),
    );
    if (!found) throw new AppError('blobs.unreachable', `there is no bucket ${where}`);
    return found;
  };
  const infoOf = (object: { Key: string; Size: number; LastModified: Date; ETag: string }): BlobInfo => ({
    key: object.Key.slice(place.prefix.length),
    size: object.Size,
    modifiedAt: object.LastModified.getTime(),
    look: `${object.ETag}:${object.Size}:${object.LastModified.getTime()}`,
  });

  // Looking at the bucket itself may be forbidden where using it is not. No key begins like that.
  await page('.', 1);

  const writer = (file: string, handle: FileHandle, signal: AbortSignal | undefined): BlobWriter => ({
    async write(bytes) {
      await guardFile(`write ${file}`, async () => {
        for (let at = 0; at < bytes.length; ) {
          at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten;
        }
      });
    },
    async commit(key) {
      const target = fullKey(key);
      await guardFile(`write ${file}`, () => handle.close());
      const content = await openAsBlob(file);
      await ask(`send ${key} to ${where}`, signal, () =>
        client.putAnyObject(target, content, 'application/x-nix-nar'),
      );
      await rm(file, { force: true });
    },
    async [Symbol.asyncDispose]() {
      await handle.close().catch(() => {});
      await rm(file, { force: true }).catch(() => {});
    },
  });

  return {
    async create(signal) {
      signal?.throwIfAborted();
      const file = path.join(staging, nameOf());
      return writer(file, await guardFile(`write ${file}`, () => open(file, 'wx', 0o600)), signal);
    },
    async stat(key, signal) {
      fullKey(key);
      // The request for headers alone does not say all of it in one answer.
      const found = await page(key, 1, signal);
      const object = found.objects?.find(({ Key }) => Key === place.prefix + key);
      return object && infoOf(object);
    },
    async *read(key, { range, signal } = {}) {
      const target = fullKey(key);
      signal?.throwIfAborted();
      if (range !== undefined && range.start >= range.end) return;
      const what = `read ${key} from ${where}`;
      const response = await ask(what, signal, () =>
        range === undefined
          ? client.getObjectRaw(target)
          : client.getObjectRaw(target, false, range.start, range.end),
      );
      const wanted =
        range === undefined ? Number(response.headers.get('content-length')) : range.end - range.start;
      const body = bodyOf(response, what, signal);
      const part = range && partOf(range, response.headers.get('content-range'));
      let length = 0;
      for await (const piece of part === undefined ? body : cutRange(body, part)) {
        length += piece.length;
        yield piece;
      }
      if (length !== wanted)
        throw new AppError('blobs.missing', `${key} in ${where} gave ${length} bytes instead of ${wanted}`);
    },
    async delete(key) {
      const target = fullKey(key);
      await ask(`delete ${key} in ${where}`, undefined, () => client.deleteObject(target));
    },
    async *list(prefix, signal) {
      let token: string | undefined;
      do {
        signal?.throwIfAborted();
        const found = await page(prefix, perPage, signal, token);
        for (const object of found.objects ?? []) yield infoOf(object);
        token = found.nextContinuationToken;
      } while (token !== undefined);
    },
    fileOf(key) {
      checkBlobKey(key);
      return undefined;
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
    },
  };
}

async function* bodyOf(
  response: Response,
  what: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  const stop = (): void => void reader.cancel().catch(() => {});
  signal?.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      const { done, value } = await guard(what, () => reader.read());
      signal?.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    stop();
  }
}

async function guard<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw s3BlobError(error, what);
  }
}

async function guardFile<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileBlobError(error, what);
  }
}

/**
 * Where the part that is wanted lies in the answer, which says itself what it begins with: a server may send more than was
 * asked for, or the whole. What is missing from it is found by its length.
 */
function partOf({ start, end }: BlobRange, contentRange: string | null): BlobRange {
  const offset = Number(/^bytes (\d+)-/.exec(contentRange ?? '')?.[1] ?? 0);
  return { start: start - offset, end: end - offset };
}
