/**
 * The hash of content that holds its own hash: every occurrence of `modulus` is read as zero bytes. After the content
 * come the places of the occurrences, `|<offset>` each, so that content which has zeros there already has another hash;
 * or nothing comes after it, for newer releases of Nix (2.26 and 2.34 do, 2.8 does not) have lost that and make content
 * addresses without. Source: libstore/references.cc (HashModuloSink).
 */

import { createHash } from 'node:crypto';
import type { HashAlgorithm } from '../../nix/hash.ts';

export interface ModuloHash {
  update(chunk: Uint8Array): void;
  /** With the places, and without; the same one twice where there are none. */
  digests(): readonly [Uint8Array, Uint8Array];
}

/** `modulus`: the hash part of a store path, ASCII. */
export function hashModulo(algorithm: HashAlgorithm, modulus: string): ModuloHash {
  const hash = createHash(algorithm);
  const wanted = Buffer.from(modulus);
  const places: number[] = [];
  /** The end of what came, too short for an occurrence to end in it. */
  let held = Buffer.alloc(0);
  let offset = 0;

  return {
    update(chunk) {
      const bytes = Buffer.concat([held, chunk]);
      for (let at = bytes.indexOf(wanted); at !== -1; at = bytes.indexOf(wanted, at + wanted.length)) {
        places.push(offset + at);
        bytes.fill(0, at, at + wanted.length);
      }
      const kept = Math.min(bytes.length, wanted.length - 1);
      hash.update(bytes.subarray(0, bytes.length - kept));
      offset += bytes.length - kept;
      held = bytes.subarray(bytes.length - kept);
    },
    digests() {
      hash.update(held);
      const without = hash.copy();
      for (const place of places) hash.update(`|${place}`);
      return [new Uint8Array(hash.digest()), new Uint8Array(without.digest())];
    },
  };
}
