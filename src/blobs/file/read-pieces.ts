/**
 * A file in pieces of a mebibyte, each a buffer of its own, with the next one being read while one is being used: so a
 * reader on a fast network is kept busy, and a slow one holds two pieces.
 */

import type { FileHandle } from 'node:fs/promises';
import { AppError } from '../../util/app-error.ts';
import type { BlobRange } from '../blob-store.ts';
import { fileBlobError } from './file-blob-error.ts';

const pieceBytes = 1024 * 1024;

export interface ReadOptions {
  /** For messages. */
  readonly file: string;
  readonly range?: BlobRange | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The caller closes the handle. Throws `blobs.missing` when the file is shorter than the range. */
export async function* readPieces(
  handle: FileHandle,
  { file, range, signal }: ReadOptions,
): AsyncGenerator<Uint8Array> {
  const { start, end } = range ?? { start: 0, end: (await handle.stat()).size };
  let at = start;
  const next = (): Promise<Uint8Array> => {
    const length = Math.min(pieceBytes, end - at);
    const piece = readPiece(handle, file, at, length);
    at += length;
    // Told when it is awaited; until then nobody may be there who listens.
    piece.catch(() => {});
    return piece;
  };
  let ahead = at < end ? next() : undefined;
  try {
    while (ahead !== undefined) {
      const piece = await ahead;
      ahead = undefined;
      signal?.throwIfAborted();
      if (at < end) ahead = next();
      yield piece;
    }
  } finally {
    // The handle must not be closed under a read.
    await ahead?.catch(() => {});
  }
}

async function readPiece(handle: FileHandle, file: string, at: number, length: number): Promise<Uint8Array> {
  const piece = Buffer.allocUnsafeSlow(length);
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await read(handle, file, piece, filled, at + filled);
    if (bytesRead === 0)
      throw new AppError('blobs.missing', `${file} ends at byte ${at + filled}, which is before it should`);
    filled += bytesRead;
  }
  return piece;
}

async function read(handle: FileHandle, file: string, piece: Buffer, filled: number, position: number) {
  try {
    return await handle.read(piece, filled, piece.length - filled, position);
  } catch (error) {
    throw fileBlobError(error, `read ${file}`);
  }
}
