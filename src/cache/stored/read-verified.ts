/**
 * The file of a NAR, or a part of it, whose last piece comes only when the whole file is known to be right. A file that
 * looks as it did when it was found right is simply read; one that was never read is hashed by a thread at the same time
 * as it is sent. Either way it must still look the same at the end.
 */

import type { BlobRange, BlobStore } from '../../blobs/blob-store.ts';
import type { StoredNarRecord } from '../../db/cache-records.ts';
import { AppError } from '../../util/app-error.ts';
import type { NarVerifier } from './create-nar-verifier.ts';
import { narKey } from './nar-file.ts';

export interface ReadVerifiedDeps {
  readonly blobs: BlobStore;
  readonly verifier: NarVerifier;
  readonly signal: AbortSignal;
  /** A piece needs to stay as it is only until the next one is asked for. */
  readonly reuse: boolean;
}

/** Throws `cache.nar-corrupted`, `blobs.missing` and `blobs.unreachable`. */
export async function* readVerified(
  nar: StoredNarRecord,
  range: BlobRange,
  { blobs, verifier, signal, reuse }: ReadVerifiedDeps,
): AsyncGenerator<Uint8Array> {
  const known = await verifier.known(nar);
  const check = known === undefined ? verifier.check(nar) : Promise.resolve(known);
  // Told at the end, or when the reader has gone.
  check.catch(() => {});
  const key = narKey(nar);
  let held: Uint8Array | undefined;
  for await (const piece of blobs.read(key, { range, signal, reuse })) {
    if (held !== undefined) yield held;
    held = piece;
  }
  const look = await check;
  if ((await blobs.stat(key, signal))?.look !== look) {
    throw new AppError('cache.nar-corrupted', `the file ${key} changed while it was being read`);
  }
  if (held !== undefined) yield held;
}
