/**
 * The text that a binary cache signs for a store path: `1;<path>;<NAR hash in nix32>;<NAR size>;<references>`, with the
 * references as full paths, sorted, with commas between. The download URL, the compression, the deriver and the content
 * address are not in it. Source: libstore/path-info.cc.
 */

import { formatHash, type Hash } from './hash.ts';
import type { StorePath } from './store-path.ts';

interface Fingerprinted {
  readonly path: StorePath;
  readonly narHash: Hash;
  /** Bytes of the uncompressed NAR. */
  readonly narSize: number;
  /** In any order. */
  readonly references: readonly StorePath[];
}

/** The message to sign, ASCII. */
export function fingerprint({ path, narHash, narSize, references }: Fingerprinted): string {
  const sorted = [...new Set(references)].sort();
  return `1;${path};${formatHash(narHash, 'nix32')};${narSize};${sorted.join(',')}`;
}
