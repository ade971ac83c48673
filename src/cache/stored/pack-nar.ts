/**
 * Makes the file of a NAR: independent frames of zstd of 16 MiB each, compressed by several threads at once, and the hash
 * of what goes in and of what comes out, by threads, too. The bytes lie in shared memory: they are copied in once, and the
 * memory is used again for a later frame.
 *
 * What hardly gets smaller is kept as it is, so that nobody has to unpack it.
 */

import type { BlobWriter } from '../../blobs/blob-store.ts';
import { formatBareHash, parseHash } from '../../nix/hash.ts';
import { AppError } from '../../util/app-error.ts';
import type { NarThreads } from './create-nar-threads.ts';
import type { NarFile } from './nar-file.ts';
import type { NarContent } from './stored-nars.ts';

const frameBytes = 16 * 1024 * 1024;
/** What is tried, to see whether compressing is worth it. */
const sampleBytes = 1024 * 1024;
const worthIt = 0.95;
const levels = { usual: 3, large: 1 };
const large = 512 * 1024 * 1024;

export interface PackedNar extends NarFile {
  readonly fileSize: number;
}

/** Writes it, and leaves giving it a key to the caller. Throws `cache.nar-corrupted` when it is another content. */
export async function packNar(
  { narHash, narSize }: NarContent,
  pieces: AsyncIterable<Uint8Array>,
  { threads, writer }: { readonly threads: NarThreads; readonly writer: BlobWriter },
): Promise<PackedNar> {
  const level = narSize > large ? levels.large : levels.usual;
  using narDigest = threads.open({ kind: 'hash' });
  using fileDigest = threads.open({ kind: 'hash' });
  let compression: 'zstd' | 'none' | undefined;
  let fileSize = 0;
  let written: Promise<void> = Promise.resolve();
  const slots = createSlots(Math.max(1, Math.min(frameBytes, narSize)), threads.size + 1);

  const write = async (bytes: Uint8Array): Promise<void> => {
    await writer.write(bytes);
    fileSize += bytes.length;
    // Last, for it is handed over.
    if (compression === 'zstd') await fileDigest.push(bytes);
  };
  /** Puts a frame on its way; what is after it goes on when there is memory for it. */
  const send = async (slot: Uint8Array, length: number): Promise<void> => {
    const bytes = slot.subarray(0, length);
    const hashed = narDigest.push(bytes);
    const compress = (part: Uint8Array) => threads.run({ kind: 'compress', bytes: part, level });
    let packed: Promise<Uint8Array> | undefined;
    if (compression === undefined) {
      const sample = bytes.subarray(0, sampleBytes);
      const compressed = await compress(sample);
      compression = compressed.length > worthIt * sample.length ? 'none' : 'zstd';
      if (sample.length === bytes.length) packed = Promise.resolve(compressed);
    }
    const result = compression === 'none' ? Promise.resolve(bytes) : (packed ?? compress(bytes));
    result.catch(() => {});
    const before = written;
    written = (async () => {
      await before;
      await write(await result);
      await hashed;
      slots.release(slot);
    })();
    written.catch((error: unknown) => slots.fail(error));
  };

  let slot = await slots.take();
  let filled = 0;
  let total = 0;
  for await (const piece of pieces) {
    total += piece.length;
    if (total > narSize) break;
    for (let at = 0; at < piece.length; ) {
      if (filled === slot.length) {
        await send(slot, filled);
        slot = await slots.take();
        filled = 0;
      }
      const part = piece.subarray(at, at + slot.length - filled);
      slot.set(part, filled);
      filled += part.length;
      at += part.length;
    }
  }
  if (total !== narSize) {
    throw corrupted(`${total > narSize ? `more than ${narSize}` : total} bytes instead of ${narSize}`);
  }
  await send(slot, filled);
  await written;
  const nar = await narDigest.end();
  if (nar.hash !== narHash) throw corrupted(`sha256:${nar.hash} instead of sha256:${narHash}`);
  const { hash } = compression === 'none' ? nar : await fileDigest.end();
  return {
    fileHash: formatBareHash(parseHash(hash, 'sha256'), 'nix32'),
    fileSize,
    compression: compression ?? 'none',
  };
}

function corrupted(what: string): AppError {
  return new AppError('cache.nar-corrupted', `the NAR to be stored is another than it should be: ${what}`);
}

/** Shared memory in equal parts, made when they are needed and used again. */
function createSlots(bytes: number, count: number) {
  const free: Uint8Array[] = [];
  let made = 0;
  let waiting: PromiseWithResolvers<Uint8Array> | undefined;
  let failure: { readonly error: unknown } | undefined;
  return {
    async take(): Promise<Uint8Array> {
      if (failure !== undefined) throw failure.error;
      const known = free.pop();
      if (known !== undefined) return known;
      if (made < count) {
        made += 1;
        return new Uint8Array(new SharedArrayBuffer(bytes));
      }
      waiting = Promise.withResolvers();
      return waiting.promise;
    },
    release(slot: Uint8Array): void {
      if (waiting === undefined) free.push(slot);
      else waiting.resolve(slot);
      waiting = undefined;
    },
    fail(error: unknown): void {
      failure = { error };
      waiting?.reject(error);
    },
  };
}
