/** Path infos for tests that need no real store. */

import { createHash } from 'node:crypto';
import { parseStorePath, type StorePath } from '../../src/nix/store-path.ts';
import type { PathInfo } from '../../src/store/store.ts';

/** A valid path, another one for each number. */
export function samplePath(number: number): StorePath {
  return parseStorePath(`/nix/store/${String(number).padStart(32, '0')}-sample-${number}`);
}

/** Consistent as to path; all else as given, or small. */
export function sampleInfo(number: number, fields: Partial<PathInfo> = {}): PathInfo {
  return {
    path: samplePath(number),
    deriver: undefined,
    narHash: createHash('sha256').update('').digest('hex'),
    narSize: 1,
    references: [],
    registrationTime: 1_700_000_000,
    ultimate: false,
    signatures: [],
    contentAddress: '',
    ...fields,
  };
}

/** Path info of this very NAR. */
export function infoOfNar(number: number, nar: Uint8Array): PathInfo {
  const narHash = createHash('sha256').update(nar).digest('hex');
  return sampleInfo(number, { narHash, narSize: nar.length });
}
