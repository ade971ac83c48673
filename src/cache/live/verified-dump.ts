/**
 * The NAR of a path in the live store, or a part of it, of which the last piece is given away only when all of the NAR is
 * known to be what the database says. It is known by its hash, or, when the tree looks as it did when its hash was last
 * right, without one: hashing is what costs most, and then what lies outside the part need not even be read.
 *
 * It goes on step by step, so that whoever takes the steps can do something else in between: first what comes before
 * the part, then the part, then what comes after it.
 */

import { createHash, type Hash } from 'node:crypto';
import { NarReader } from '../../store/nar-reader.ts';
import { AppError } from '../../util/app-error.ts';
import type { DumpOrder } from './dump-messages.ts';
import { createTreeLook, type TreeLook } from './tree-look.ts';

/** Bytes that are passed over in one step. */
const skipBytes = 4 * 2 ** 20;
const one = new Uint8Array(1);

export class VerifiedDump implements Disposable {
  readonly #order: DumpOrder;
  readonly #look: TreeLook = createTreeLook();
  readonly #reader: NarReader;
  readonly #digest: Hash | undefined;
  #offset = 0;
  #verified = false;

  constructor(order: DumpOrder) {
    this.#order = order;
    this.#reader = new NarReader(order.path, this.#look.see);
    this.#digest = order.knownLook === undefined ? createHash('sha256') : undefined;
  }

  /** Whether the next step gives bytes that are wanted. */
  get isWanted(): boolean {
    return this.#offset >= this.#order.start && this.#offset < this.#order.end;
  }

  /** Whether all bytes that are wanted have been given. */
  get isComplete(): boolean {
    return this.#offset >= this.#order.end;
  }

  /** Whether the whole NAR is known to be right. Until then the last bytes that are wanted must not be given away. */
  get isVerified(): boolean {
    return this.#verified;
  }

  /** Of the tree, once it is verified. */
  get look(): string {
    return this.#look.digest();
  }

  /**
   * One step on. Says how many bytes that are wanted it put into the beginning of `into`, which is overwritten in any
   * case. Throws `cache.nar-corrupted` when the NAR is not the one that was ordered, and what `NarReader` throws.
   */
  step(into: Uint8Array): number {
    const { start, end, narSize } = this.#order;
    const wanted = this.isWanted;
    const phaseEnd = this.#offset < start ? start : wanted ? end : narSize;
    const left = Math.min(phaseEnd, narSize) - this.#offset;
    const size = Math.min(left, wanted || this.#digest !== undefined ? into.length : skipBytes);
    const got = this.#pass(size, wanted, into);
    this.#offset += got;
    if (got < size) throw this.#damaged(String(this.#offset));
    if (this.#offset === narSize) this.#verify();
    return wanted ? got : 0;
  }

  [Symbol.dispose](): void {
    this.#reader[Symbol.dispose]();
  }

  #pass(size: number, wanted: boolean, into: Uint8Array): number {
    if (!wanted && this.#digest === undefined) return this.#reader.skip(size);
    const part = into.subarray(0, size);
    const got = this.#reader.read(part);
    this.#digest?.update(got === size ? part : part.subarray(0, got));
    return got;
  }

  #verify(): void {
    const { path, narSize, narHash, knownLook } = this.#order;
    if (this.#reader.read(one) > 0) throw this.#damaged(`more than ${narSize}`);
    const hash = this.#digest?.digest('hex');
    if (hash !== undefined && hash !== narHash) throw this.#damaged(String(narSize), hash);
    if (knownLook !== undefined && knownLook !== this.look) {
      throw new AppError(
        'cache.nar-corrupted',
        `${path} has changed on disk since its hash was found right, so this download of it ends here`,
        { hint: 'Clients ask again, and then it is hashed; nothing may write to the store but Nix.' },
      );
    }
    this.#verified = true;
  }

  #damaged(bytes: string, hash?: string): AppError {
    const { path, narSize, narHash } = this.#order;
    return new AppError(
      'cache.nar-corrupted',
      `${path} is damaged: the database says ${narSize} bytes of NAR with sha256 ${narHash}, on disk are ` +
        `${bytes} bytes${hash === undefined ? '' : ` with ${hash}`}`,
    );
  }
}
