/**
 * The encodings of the worker protocol, collected in a buffer: every integer is a little-endian u64; a string is its
 * length, its bytes and zeros up to a multiple of eight; lists and maps are their count and their items.
 *
 * Source: libutil/serialise.cc.
 */

import { encodeByteString } from '../nix/byte-string.ts';

const firstSize = 4096;

/** Collects what is to be sent. Texts are byte strings (`byte-string.ts`). */
export class WireEncoder {
  #buffer: Buffer = Buffer.allocUnsafe(firstSize);
  #length = 0;

  /** Bytes collected and not taken yet. */
  get pending(): number {
    return this.#length;
  }

  u64(value: number | bigint): this {
    this.#reserve(8);
    if (typeof value === 'bigint') {
      this.#buffer.writeBigUInt64LE(value, this.#length);
    } else {
      if (!Number.isSafeInteger(value) || value < 0)
        throw new RangeError(`not an unsigned integer: ${value}`);
      this.#buffer.writeUInt32LE(value % 2 ** 32, this.#length);
      this.#buffer.writeUInt32LE(Math.floor(value / 2 ** 32), this.#length + 4);
    }
    this.#length += 8;
    return this;
  }

  bool(value: boolean): this {
    return this.u64(value ? 1 : 0);
  }

  /** A text, or bytes, with length and padding. */
  string(value: string | Uint8Array): this {
    const bytes = typeof value === 'string' ? encodeByteString(value) : value;
    return this.u64(bytes.length)
      .raw(bytes)
      .raw(zeros.subarray(0, -bytes.length & 7));
  }

  strings(values: Iterable<string>): this {
    const list = [...values];
    this.u64(list.length);
    for (const value of list) this.string(value);
    return this;
  }

  map(values: Iterable<readonly [string, string]>): this {
    const list = [...values];
    this.u64(list.length);
    for (const [key, value] of list) this.string(key).string(value);
    return this;
  }

  /** Bytes as they are, without length or padding. */
  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** Hands over what is collected and starts anew. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#length);
    // The taken bytes may be on their way out for a while: never written to again.
    this.#buffer = Buffer.allocUnsafe(firstSize);
    this.#length = 0;
    return taken;
  }

  #reserve(bytes: number): void {
    const wanted = this.#length + bytes;
    if (wanted <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(wanted, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

const zeros = Buffer.alloc(8);
