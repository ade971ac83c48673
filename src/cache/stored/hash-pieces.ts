import { createHash } from 'node:crypto';
import type { Digest } from './nar-messages.ts';

/** sha256 of all pieces together. */
export async function hashPieces(pieces: AsyncIterable<Uint8Array>): Promise<Digest> {
  const digest = createHash('sha256');
  let size = 0;
  for await (const piece of pieces) {
    digest.update(piece);
    size += piece.length;
  }
  return { hash: digest.digest('hex'), size };
}
