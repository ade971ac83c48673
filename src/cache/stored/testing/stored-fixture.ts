/** Stored NARs in a temporary folder with a database in memory, for tests. */

import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BlobStore } from '../../../blobs/blob-store.ts';
import { openFileBlobs } from '../../../blobs/file/open-file-blobs.ts';
import type { Database } from '../../../db/database.ts';
import { openDatabase } from '../../../db/open-database.ts';
import { encodeNar, type NarTree } from '../../../nix/nar-writer.ts';
import { createNarThreads } from '../create-nar-threads.ts';
import { openStoredNars, type StoredNarsOptions } from '../open-stored-nars.ts';
import type { NarContent, StoredNars } from '../stored-nars.ts';

/** Started once: most tests are shorter than a thread takes to begin. */
const threads = createNarThreads();

export interface StoredFixture extends AsyncDisposable {
  readonly folder: string;
  readonly blobs: BlobStore;
  readonly database: Database;
  readonly nars: StoredNars;
  /** What was told of in the background. */
  readonly faults: string[];
}

export async function openStoredFixture(options: Partial<StoredNarsOptions> = {}): Promise<StoredFixture> {
  const folder = await mkdtemp(path.join(tmpdir(), 'proteus-nars-'));
  const blobs = options.blobs ?? (await openFileBlobs(folder));
  const database = await openDatabase(':memory:', { now: () => 0 });
  const faults: string[] = [];
  const nars = await openStoredNars({
    threads,
    now: () => 1000,
    onFault: (message, error) => faults.push(`${message}: ${String(error)}`),
    ...options,
    blobs,
    database,
  });
  return {
    folder,
    blobs,
    database,
    nars,
    faults,
    async [Symbol.asyncDispose]() {
      await nars[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A NAR in memory, with what it is known by. */
export function narOf(tree: NarTree): { readonly bytes: Buffer; readonly content: NarContent } {
  const bytes = Buffer.concat([...encodeNar(tree)]);
  return { bytes, content: { narHash: sha256(bytes), narSize: bytes.length } };
}

/** A NAR of one file of so many bytes, which get a quarter as large or not smaller at all. */
export function fileNar(bytes: number, kind: 'compressible' | 'random' = 'compressible', seed = 1) {
  const contents = Buffer.alloc(bytes);
  let state = seed;
  for (let at = 0; at < bytes; at++) {
    // Any cheap sequence that zstd cannot guess.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    contents[at] = kind === 'random' ? (state >>> 16) & 255 : 97 + ((state >>> 20) & 3);
  }
  return narOf({ type: 'regular', contents });
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The bytes in pieces that are buffers of their own. */
export async function* inPieces(bytes: Uint8Array, size = 100_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield new Uint8Array(bytes.subarray(at, at + size));
}

export async function gather(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  // Copied at once: a piece need not stay as it is.
  return Buffer.concat(await Array.fromAsync(pieces, (piece) => Buffer.from(piece)));
}
