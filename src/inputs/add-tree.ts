/** Putting a file-system tree into the store, as `nix-store --add-fixed --recursive sha256` does. */

import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { makeFixedOutputPath } from '../nix/make-store-path.ts';
import type { StorePath } from '../nix/store-path.ts';
import { dumpPath } from '../store/dump-path.ts';
import { AppError } from '../util/app-error.ts';
import type { InputDeps } from './input.ts';

export interface AddedTree {
  readonly storePath: StorePath;
  /** Of the NAR, base 16. */
  readonly sha256: string;
}

/** How much is read before others get their turn. */
const burst = 4 * 2 ** 20;

/**
 * Adds what is at `path` under the name and keeps it. It is read once to know its store path, and sent only when the
 * store does not have that yet. Throws what `dumpPath` and the store throw.
 */
export async function addTree(
  path: string,
  name: string,
  deps: Pick<InputDeps, 'store' | 'keep' | 'signal'>,
): Promise<AddedTree> {
  const { store, signal } = deps;
  const known = createHash('sha256');
  for await (const piece of read(path, signal)) known.update(piece);
  const bytes = known.digest();
  const expected = makeFixedOutputPath({ name, method: 'nar', hash: { algorithm: 'sha256', bytes } });
  await deps.keep(expected);
  if (await store.isValidPath(expected, { signal })) {
    return { storePath: expected, sha256: bytes.toString('hex') };
  }

  const sent = createHash('sha256');
  const storePath = await store.addToStore(
    { name, method: 'nar', content: hashing(read(path, signal), sent), references: [] },
    { signal },
  );
  // Another path than expected: it was changed meanwhile.
  if (storePath !== expected) await deps.keep(storePath);
  return { storePath, sha256: sent.digest('hex') };
}

async function* read(path: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  let since = 0;
  for (const piece of dumpPath(path)) {
    yield piece;
    since += piece.length;
    if (since < burst) continue;
    since = 0;
    await turn();
    if (signal?.aborted) throw new AppError('interrupted', `interrupted while reading ${path}`);
  }
}

async function* hashing(
  pieces: AsyncIterable<Uint8Array>,
  hash: { update(bytes: Uint8Array): unknown },
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}
