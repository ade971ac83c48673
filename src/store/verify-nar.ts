/** Passes a NAR on while checking that it is the one that its path info promises. */

import { createHash } from 'node:crypto';
import { AppError } from '../util/app-error.ts';
import type { PathInfo } from './store.ts';

/**
 * The same bytes. What came last is held back until size and hash are known to be right, so that who reads this never
 * has all of a wrong NAR. Throws `store.corrupt`.
 */
export async function* verifyNar(
  info: PathInfo,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  let size = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of chunks) {
    if (held !== undefined) yield held;
    hash.update(chunk);
    size += chunk.length;
    held = chunk;
    if (size > info.narSize) break;
  }
  if (size !== info.narSize) {
    const least = size > info.narSize ? 'at least ' : '';
    throw corrupt(info, `its NAR has ${least}${size} bytes, where ${info.narSize} were promised`);
  }
  const digest = hash.digest('hex');
  if (digest !== info.narHash) {
    throw corrupt(info, `its NAR has the hash sha256:${digest}, where sha256:${info.narHash} was promised`);
  }
  if (held !== undefined) yield held;
}

function corrupt(info: PathInfo, why: string): AppError {
  return new AppError('store.corrupt', `${info.path} is damaged: ${why}`);
}
