/** What a client says of a path that it wants a cache to have. Nothing of it is believed before it is checked. */

import type { Hash } from '../../nix/hash.ts';
import { formatBareHash } from '../../nix/hash.ts';
import type { NarInfo } from '../../nix/narinfo.ts';
import { type StorePath, storePathHash } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import { parseNarName } from './parse-upload-url.ts';

export interface OfferedPath {
  readonly path: StorePath;
  /** sha256 of the file with the NAR, 52 digits of nix32. */
  readonly fileHash: string;
  /** Undefined: not said. */
  readonly compression?: string | undefined;
  readonly fileSize?: number | undefined;
  readonly narHash: Hash;
  readonly narSize: number;
  readonly references: readonly StorePath[];
  readonly deriver?: StorePath | undefined;
  readonly contentAddress?: string | undefined;
  readonly signatures: readonly string[];
}

/** `hashPart`: where the narinfo is put. Throws `cache.upload-refused` when it contradicts itself or points elsewhere. */
export function offerOfNarInfo(info: NarInfo, hashPart: string): OfferedPath {
  const { storePath: path, url, fileHash, ...rest } = info;
  if (storePathHash(path) !== hashPart) {
    throw new AppError('cache.upload-refused', `the narinfo put at ${hashPart} is that of ${path}`);
  }
  const nar = parseNarName(url);
  if (nar === undefined) {
    throw new AppError(
      'cache.upload-refused',
      `${path}: wanted a URL of this cache, nar/<hash of the file>.nar[.zst …], got ${JSON.stringify(url.slice(0, 300))}`,
    );
  }
  if (
    fileHash !== undefined &&
    (fileHash.algorithm !== 'sha256' || formatBareHash(fileHash, 'nix32') !== nar.fileHash)
  ) {
    throw new AppError('cache.upload-refused', `${path}: its FileHash is not the hash in its URL ${url}`);
  }
  return { path, fileHash: nar.fileHash, ...rest };
}
