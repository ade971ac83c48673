/**
 * Buffers that are used again. New ones of half a mebibyte for each block make V8 collect garbage again and again, which
 * looks at its whole heap each time.
 */

export interface SpareBuffers {
  /** Of `size` bytes; what they hold is left from before. */
  take(size: number): Buffer;
  /** Nobody may have a part of it any more. */
  give(buffer: Buffer): void;
}

/** For sizes up to `usualBytes`, of which `most` are kept; larger ones are new each time. */
export function createSpareBuffers(usualBytes: number, most: number): SpareBuffers {
  const spare: ArrayBuffer[] = [];
  return {
    take(size) {
      if (size > usualBytes) return Buffer.allocUnsafeSlow(size);
      return Buffer.from(spare.pop() ?? new ArrayBuffer(usualBytes), 0, size);
    },
    give({ buffer }) {
      if (buffer instanceof ArrayBuffer && buffer.byteLength === usualBytes && spare.length < most) {
        spare.push(buffer);
      }
    },
  };
}
