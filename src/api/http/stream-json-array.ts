/** A JSON array of any length, made and sent a piece at a time. */

import { streamBytes } from './stream-bytes.ts';

/** `load` says the elements of a piece of the ids. */
export function streamJsonArray(
  ids: readonly number[],
  load: (ids: readonly number[]) => Promise<readonly unknown[]>,
  pieceSize = 500,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return streamBytes(async function* () {
    let separator = '[';
    for (let at = 0; at < ids.length; at += pieceSize) {
      const elements = await load(ids.slice(at, at + pieceSize));
      const text = elements.map((element) => JSON.stringify(element)).join(',');
      if (text !== '') {
        yield encoder.encode(separator + text);
        separator = ',';
      }
    }
    yield encoder.encode(separator === '[' ? '[]' : ']');
  });
}
