/** The part that was asked for, out of an answer that may be more. Pieces are views of those that came. */

import type { BlobRange } from '../blob-store.ts';

/** Ends as soon as the part is complete. */
export async function* cutRange(
  pieces: AsyncIterable<Uint8Array>,
  { start, end }: BlobRange,
): AsyncGenerator<Uint8Array> {
  let offset = 0;
  for await (const piece of pieces) {
    const part = piece.subarray(Math.max(0, start - offset), Math.max(0, end - offset));
    offset += piece.length;
    if (part.length > 0) yield part;
    if (offset >= end) return;
  }
}
