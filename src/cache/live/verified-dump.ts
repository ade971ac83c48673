/**
 * The NAR of a path in the live store, of which the last piece comes only when all of it is known to be what the
 * database says. It is known by its hash, or, when the tree looks as it did when its hash was last right, without one:
 * hashing is what costs most.
 *
 * A part is cut out of the same stream: what lies before it is read, and not handed on.
 */

import { createHash } from 'node:crypto';
import { dumpPath } from '../../store/dump-path.ts';
import { AppError } from '../../util/app-error.ts';
import type { DumpOrder } from './dump-messages.ts';
import { createTreeLook } from './tree-look.ts';

type Pieces<Result> = Generator<Uint8Array<ArrayBuffer>, Result, undefined>;

/** Pieces of the part that is wanted; the tree's look comes back at the end. Throws what `verifiedPieces` throws. */
export function* verifiedDump(order: DumpOrder): Pieces<string> {
  const look = createTreeLook();
  const pieces = dumpPath(order.path, { frameBytes: 256 * 1024, onStat: look.see });
  yield* verifiedPieces(pieces, order, look.digest);
  return look.digest();
}

const nothing = new Uint8Array(0);

/**
 * The part of a NAR that is wanted; an empty piece stands for each that is not, so that whoever takes the pieces can do
 * something else in between. Throws `cache.nar-corrupted` before its last piece when the NAR is not the one that
 * was ordered, and what the source throws.
 */
export function* verifiedPieces(
  source: Iterable<Uint8Array<ArrayBuffer>>,
  order: DumpOrder,
  look: () => string,
): Pieces<void> {
  const { path, narSize, narHash, start, end, knownLook } = order;
  const digest = knownLook === undefined ? createHash('sha256') : undefined;
  let offset = 0;
  let held: Uint8Array<ArrayBuffer> | undefined;
  for (const piece of source) {
    digest?.update(piece);
    const wanted = piece.subarray(Math.max(0, start - offset), Math.max(0, end - offset));
    offset += piece.length;
    if (offset > narSize) break;
    if (wanted.length === 0) {
      yield nothing;
      continue;
    }
    if (held !== undefined) yield held;
    held = wanted;
  }
  const hash = digest?.digest('hex');
  if (offset !== narSize || (hash !== undefined && hash !== narHash)) {
    throw new AppError(
      'cache.nar-corrupted',
      `${path} is damaged: the database says ${narSize} bytes of NAR with sha256 ${narHash}, on disk are ` +
        `${offset > narSize ? `more than ${narSize}` : offset} bytes${hash === undefined ? '' : ` with ${hash}`}`,
    );
  }
  if (knownLook !== undefined && knownLook !== look()) {
    throw new AppError(
      'cache.nar-corrupted',
      `${path} has changed on disk since its hash was found right, so this download of it ends here`,
      { hint: 'Clients ask again, and then it is hashed; nothing may write to the store but Nix.' },
    );
  }
  if (held !== undefined) yield held;
}
