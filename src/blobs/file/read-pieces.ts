/**
 * A file in pieces of half a mebibyte, with the next one being read while one is being used: so a reader on a fast network
 * is kept busy, and a slow one holds two pieces. Each is a buffer of its own, or they take turns in three buffers: one that
 * the reader has, one that it may still have from before, and one that is being read into.
 */

import type { FileHandle } from 'node:fs/promises';
import { AppError } from '../../util/app-error.ts';
import type { BlobRange } from '../blob-store.ts';
import { fileBlobError } from './file-blob-error.ts';

const pieceBytes = 512 * 1024;
const buffersInTurn = 3;

export interface ReadOptions {
  /** For messages. */
  readonly file: string;
  readonly range?: BlobRange | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly reuse?: boolean | undefined;
}

/** The caller closes the handle. Throws `blobs.missing` when the file is shorter than the range. */
export async function* readPieces(
  handle: FileHandle,
  { file, range, signal, reuse = false }: ReadOptions,
): AsyncGenerator<Uint8Array> {
  const { start, end } = range ?? { start: 0, end: (await handle.stat()).size };
  let at = start;
  const buffers: Buffer[] = [];
  const room = (length: number): Buffer => {
    // The one that was used longest ago. The first is the longest, since only the last piece may be shorter.
    const buffer = (buffers.length === buffersInTurn && buffers.shift()) || Buffer.allocUnsafeSlow(length);
    if (reuse) buffers.push(buffer);
    return buffer.subarray(0, length);
  };
  const next = (): Promise<Uint8Array> => {
    const length = Math.min(pieceBytes, end - at);
    const piece = readPiece(handle, file, at, room(length));
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

async function readPiece(handle: FileHandle, file: string, at: number, piece: Buffer): Promise<Uint8Array> {
  for (let filled = 0; filled < piece.length; ) {
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
