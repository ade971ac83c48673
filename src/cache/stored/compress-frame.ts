import { constants, zstdCompressSync } from 'node:zlib';

/**
 * One frame of zstd that says how much is in it and carries a checksum. Frames one after another are one file, so each can
 * be made by another thread.
 */
export function compressFrame(bytes: Uint8Array, level: number): Uint8Array<ArrayBuffer> {
  const frame = zstdCompressSync(bytes, {
    pledgedSrcSize: bytes.length,
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
  });
  // A copy with a buffer of its own: small results are parts of one that others use.
  return new Uint8Array(frame);
}
