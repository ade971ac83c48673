/**
 * The body of a small upload, whole: narinfos, listings, JSON. Both what comes and what it unpacks to are limited.
 * Content-Encoding is what `narinfo-compression` and its like make of it.
 */

import type { IncomingMessage } from 'node:http';
import { pipeline, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { formatBytes } from '../../util/format-bytes.ts';

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/** Bytes of the body; undefined when the request does not say. */
export function contentLength(req: IncomingMessage): number | undefined {
  const text = req.headers['content-length'];
  return text === undefined ? undefined : Number(text);
}

/** Throws `cache.too-large` when more would come. To be asked before the body is. */
export function refuseTooLarge(req: IncomingMessage, maxBytes: number): void {
  const length = contentLength(req) ?? 0;
  if (length <= maxBytes) return;
  throw new AppError(
    'cache.too-large',
    `wanted at most ${formatBytes(maxBytes)}, got an upload of ${formatBytes(length)}`,
  );
}

/** Throws `cache.too-large`, `cache.encoding`, and `cache.upload-refused` when it does not decode or is cut. */
export async function readUploadBody(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  refuseTooLarge(req, maxBytes);
  const encoding = (req.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const decoder = Object.hasOwn(decoders, encoding) ? decoders[encoding]?.() : undefined;
  if (decoder === undefined && encoding !== 'identity') {
    throw new AppError(
      'cache.encoding',
      `wanted Content-Encoding ${Object.keys(decoders).join(', ')} or none, got ${JSON.stringify(encoding.slice(0, 100))}`,
    );
  }
  const raw = limited(bodyOf(req), maxBytes);
  if (decoder === undefined) return collect(raw);
  try {
    return await collect(limited(decode(raw, decoder), maxBytes));
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError(
      'cache.upload-refused',
      `the body is not ${encoding}, as its Content-Encoding says: ${errorMessage(cause)}`,
      { cause },
    );
  }
}

/** Takes the body and throws it away. Throws `cache.too-large`. */
export async function discardUploadBody(req: IncomingMessage, maxBytes: number): Promise<void> {
  refuseTooLarge(req, maxBytes);
  for await (const _ of limited(bodyOf(req), maxBytes));
}

/** The body, piece by piece. Whoever ends early can still answer. */
export function bodyOf(req: IncomingMessage): AsyncIterable<Buffer> {
  return req.iterator({ destroyOnReturn: false });
}

async function* limited(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > maxBytes) {
      throw new AppError('cache.too-large', `wanted at most ${formatBytes(maxBytes)}, and more came`);
    }
    yield chunk;
  }
}

function decode(chunks: AsyncIterable<Buffer>, decoder: Transform): AsyncIterable<Buffer> {
  // What goes wrong ends the decoder, and is met there.
  pipeline(chunks, decoder, () => {});
  return decoder;
}

async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}
