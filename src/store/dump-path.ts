/**
 * The NAR of a file-system tree, in pieces of 64 KiB, and of 256 KiB within large files. Whoever has buffers of their own
 * to fill asks a `NarReader`.
 */

import { NarReader } from './nar-reader.ts';

const usualBytes = 64 * 1024;
const largeBytes = 256 * 1024;

/**
 * The NAR of what is at `path`. Every piece is a buffer of its own. Throws `store.path-missing` when nothing is there,
 * `store.corrupt` when it cannot be read or is no file, symlink or directory.
 */
export function* dumpPath(path: string): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
  using reader = new NarReader(path);
  for (;;) {
    const piece = Buffer.allocUnsafeSlow(reader.ahead > usualBytes ? largeBytes : usualBytes);
    const length = reader.read(piece);
    if (length > 0) yield piece.subarray(0, length);
    if (length < piece.length) return;
  }
}
