/** What a binary cache says of a store path, as data. `parse-narinfo.ts` and `print-narinfo.ts` hold the text form. */

import type { Hash } from './hash.ts';
import type { StorePath } from './store-path.ts';

export interface NarInfo {
  readonly storePath: StorePath;
  /** Where the (compressed) NAR is, relative to the cache or absolute; opaque. */
  readonly url: string;
  /** `none`, `zstd`, `xz`, `bzip2` … */
  readonly compression: string;
  /** Of the file as it is downloaded; clients do not check it. */
  readonly fileHash?: Hash | undefined;
  /** Bytes to download. */
  readonly fileSize?: number | undefined;
  /** sha256 of the uncompressed NAR. */
  readonly narHash: Hash;
  /** Bytes of the uncompressed NAR, more than 0. */
  readonly narSize: number;
  /** Sorted, the path itself among them when it refers to itself. */
  readonly references: readonly StorePath[];
  readonly deriver?: StorePath | undefined;
  /** Only some servers say it, and no client looks at it. */
  readonly system?: string | undefined;
  /** Each `<key name>:<base64>`. */
  readonly signatures: readonly string[];
  /** e.g. `fixed:r:sha256:<nix32>`; such a path needs no signature. */
  readonly contentAddress?: string | undefined;
}
