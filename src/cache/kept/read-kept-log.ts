/** A log as it was uploaded, whose last piece comes only when all of it is known to be right. */

import { createHash } from 'node:crypto';
import type { BlobStore } from '../../blobs/blob-store.ts';
import type { CacheExtraRecord } from '../../db/cache-records.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { decompress } from '../stored/decompress.ts';

/** Throws `cache.log-corrupted`, and `blobs.unreachable`. */
export async function* readKeptLog(
  { name, file, hash, size }: Pick<CacheExtraRecord, 'name' | 'file' | 'hash' | 'size'>,
  blobs: Pick<BlobStore, 'read'>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const digest = createHash('sha256');
  let held: Uint8Array | undefined;
  let length = 0;
  try {
    for await (const piece of decompress(blobs.read(file ?? '', { signal }), 'zstd', signal)) {
      digest.update(piece);
      length += piece.length;
      // Whatever it has become, it is not longer than it was.
      if (length > size) break;
      if (held !== undefined) yield held;
      held = piece;
    }
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof AppError && cause.code === 'blobs.unreachable') throw cause;
    throw corrupted(name, errorMessage(cause), cause);
  }
  if (length !== size || digest.digest('hex') !== hash) throw corrupted(name, 'it is not what was uploaded');
  if (held !== undefined) yield held;
}

function corrupted(name: string, why: string, cause?: unknown): AppError {
  return new AppError('cache.log-corrupted', `the log of ${name}: ${why}`, { cause });
}
