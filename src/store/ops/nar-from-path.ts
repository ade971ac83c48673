/**
 * The NAR of a path. It follows the answer with neither length nor frames, so it is parsed to find its end: a path
 * that was damaged on disk has a NAR of another size than the store remembers. A daemon that finds out late that there
 * is no such path puts its refusal in the place of the NAR.
 */

import { NarParser } from '../../nix/nar-parser.ts';
import { AppError } from '../../util/app-error.ts';
import type { Request } from '../request.ts';
import { readRefusal, stderrTag } from '../stderr-loop.ts';
import type { PathInfo } from '../store.ts';
import type { WireReader } from '../wire-reader.ts';

/** Deeper than any tree that a file system path can name. */
const maxDepth = 4096;

/** The stream throws `store.corrupt` when its size is not that of `info`. */
export function narFromPath(info: PathInfo): Request<AsyncIterable<Uint8Array>> {
  return {
    op: 38,
    what: `reading ${info.path}`,
    write: (encoder) => encoder.string(info.path),
    read: async (reader) => {
      const first = await reader.bytes(8);
      if (first.readBigUInt64LE() === BigInt(stderrTag.error)) throw await readRefusal(reader);
      reader.unread(first);
      return readNar(reader, info);
    },
  };
}

async function* readNar(reader: WireReader, info: PathInfo): AsyncGenerator<Uint8Array, void, undefined> {
  const parser = new NarParser({}, { what: info.path, maxDepth });
  while (!parser.done) {
    const chunk = await reader.chunk();
    const taken = parser.push(chunk);
    if (taken < chunk.length) reader.unread(chunk.subarray(taken));
    if (parser.offset > info.narSize || (parser.done && parser.offset < info.narSize)) {
      throw new AppError(
        'store.corrupt',
        `the NAR of ${info.path} has ${parser.done ? '' : 'at least '}${parser.offset} bytes, where the store says ${info.narSize}`,
      );
    }
    yield chunk.subarray(0, taken);
  }
}
