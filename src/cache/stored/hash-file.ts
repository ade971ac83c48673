import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import type { Digest } from './nar-messages.ts';

const pieceBytes = 1024 * 1024;

/** sha256 of what the file holds. Throws `blobs.missing` or `blobs.unreachable`. */
export async function hashFile(file: string, signal?: AbortSignal): Promise<Digest> {
  try {
    await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
    const piece = Buffer.allocUnsafeSlow(pieceBytes);
    const digest = createHash('sha256');
    for (let size = 0; ; ) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(piece, 0, pieceBytes, size);
      if (bytesRead === 0) return { hash: digest.digest('hex'), size };
      digest.update(piece.subarray(0, bytesRead));
      size += bytesRead;
    }
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw new AppError(
      isMissing ? 'blobs.missing' : 'blobs.unreachable',
      `cannot read ${file}: ${errorMessage(cause)}`,
      { cause },
    );
  }
}
