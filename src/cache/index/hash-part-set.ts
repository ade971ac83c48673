/**
 * The hash parts of all paths that a cache has, so that a miss, the most common question of all, costs no query.
 *
 * An open-addressed table of 60 bits of each hash part, 8 bytes an entry, 16 at the usual load: a million paths take
 * 16 MiB. It may say yes where the answer is no (another path with the same 60 bits, or one that has been deleted),
 * never the other way round; whoever hears yes looks the path up.
 */

import { nix32Digits } from './nix32-digits.ts';

/** Marks a used slot, above the 30 bits of the first half. */
const used = 0x4000_0000;

export interface HashPartSet {
  readonly size: number;
  add(hashPart: string): void;
  has(hashPart: string): boolean;
  /** The same for the one whose characters begin at `at`. */
  hasAt(bytes: Uint8Array, at: number): boolean;
  clear(): void;
}

export function createHashPartSet(): HashPartSet {
  let capacity = 1024;
  let slots = new Int32Array(2 * capacity);
  let size = 0;

  /** The index of the slot that holds the two halves, or of the empty one where they belong. */
  const find = (first: number, second: number): number => {
    // The characters are those of a hash already, so some of them are as good as a hash of all.
    for (let slot = (first ^ (second << 7)) & (capacity - 1); ; slot = (slot + 1) & (capacity - 1)) {
      const at = 2 * slot;
      if (slots[at] === 0 || (slots[at] === first && slots[at + 1] === second)) return at;
    }
  };
  const grow = (): void => {
    const old = slots;
    capacity *= 2;
    slots = new Int32Array(2 * capacity);
    for (let at = 0; at < old.length; at += 2) {
      const [first = 0, second = 0] = [old[at], old[at + 1]];
      if (first !== 0) slots.set([first, second], find(first, second));
    }
  };

  return {
    get size() {
      return size;
    },
    add(hashPart) {
      const first = bits(hashPart, 0) | used;
      const second = bits(hashPart, 6);
      const at = find(first, second);
      if (slots[at] !== 0) return;
      slots[at] = first;
      slots[at + 1] = second;
      size += 1;
      if (2 * size > capacity) grow();
    },
    has: (hashPart) => slots[find(bits(hashPart, 0) | used, bits(hashPart, 6))] !== 0,
    hasAt: (bytes, at) => slots[find(bitsAt(bytes, at) | used, bitsAt(bytes, at + 6))] !== 0,
    clear() {
      capacity = 1024;
      slots = new Int32Array(2 * capacity);
      size = 0;
    },
  };
}

/** 30 bits out of six characters of nix32. */
function bits(text: string, from: number): number {
  let value = 0;
  for (let at = from; at < from + 6; at++)
    value = (value << 5) | ((nix32Digits[text.charCodeAt(at) & 255] ?? 0) & 31);
  return value;
}

function bitsAt(bytes: Uint8Array, from: number): number {
  let value = 0;
  for (let at = from; at < from + 6; at++) value = (value << 5) | ((nix32Digits[bytes[at] ?? 0] ?? 0) & 31);
  return value;
}
