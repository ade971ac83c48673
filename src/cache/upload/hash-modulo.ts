/**
 * The hash of content that holds its own hash: every occurrence of `modulus` is read as zero bytes, and after the
 * content come the places of the occurrences, `|<offset>` each, so that content which has zeros there already has
 * another hash. Source: libstore/references.cc (HashModuloSink).
 */

import { createHash } from 'node:crypto';
import type { HashAlgorithm } from '../../nix/hash.ts';

export interface ModuloHash {
  update(chunk: Uint8Array): void;
  digest(): Uint8Array;
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
    digest() {
      hash.update(held);
      for (const place of places) hash.update(`|${place}`);
      return new Uint8Array(hash.digest());
    },
  };
}
