/** Packs a NAR into a file as it is uploaded: compressed with zstd off the event loop, and named by its hash. */

import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import { formatBareHash } from '../../nix/hash.ts';

export interface PackedNar {
  /** sha256 of the file, nix32. */
  readonly fileHash: string;
  readonly fileSize: number;
}

/** Above this, time matters more than size. */
const largeBytes = 512 * 1024 * 1024;

/** Writes it to `file`, which must not be there. Rejects as the NAR does. */
export async function packNar(
  nar: AsyncIterable<Uint8Array>,
  narSize: number,
  file: string,
  signal: AbortSignal,
): Promise<PackedNar> {
  const hash = createHash('sha256');
  let fileSize = 0;
  const compress = createZstdCompress({
    pledgedSrcSize: narSize,
    params: {
      [constants.ZSTD_c_compressionLevel]: narSize > largeBytes ? 1 : 3,
      [constants.ZSTD_c_checksumFlag]: 1,
    },
  });
  await pipeline(
    Readable.from(nar, { objectMode: true, highWaterMark: 2 }),
    compress,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        fileSize += chunk.length;
        yield chunk;
      }
    },
    createWriteStream(file, { flags: 'wx', mode: 0o600 }),
    { signal },
  );
  return { fileHash: formatBareHash({ algorithm: 'sha256', bytes: hash.digest() }, 'nix32'), fileSize };
}
