/**
 * The NAR of a path. It follows the answer with neither length nor frames, so it is parsed to find its end: a path
 * that was damaged on disk has a NAR of another size than the store remembers. A daemon that comes upon something it
 * cannot read breaks off and puts its refusal where the next token was due.
 */

import { NarParser } from '../../nix/nar-parser.ts';
import { AppError } from '../../util/app-error.ts';
import type { Request } from '../request.ts';
import { readRefusal, stderrTag } from '../stderr-loop.ts';
import type { PathInfo } from '../store.ts';
import type { WireReader } from '../wire-reader.ts';

/** Deeper than any tree that a file system path can name. */
const maxDepth = 4096;

const refusal = Buffer.alloc(8);
refusal.writeUInt32LE(stderrTag.error);

/** The stream throws `store.corrupt` when its size is not that of `info`. */
export function narFromPath(info: PathInfo): Request<AsyncIterable<Uint8Array>> {
  return {
    op: 38,
    what: `reading ${info.path}`,
    write: (encoder) => encoder.string(info.path),
    read: async (reader) => readNar(reader, info),
  };
}

async function* readNar(reader: WireReader, info: PathInfo): AsyncGenerator<Uint8Array, void, undefined> {
  const parser = new NarParser({}, { what: info.path, maxDepth });
  /** The last bytes before the chunk: the token may be cut. */
  let before: Uint8Array = Buffer.alloc(0);
  while (!parser.done) {
    const chunk = await reader.chunk();
    const start = parser.offset;
    let taken: number;
    try {
      taken = parser.push(chunk);
    } catch (error) {
      const read = parser.offset - start;
      const token = Buffer.concat([before, chunk.subarray(0, read)]).subarray(-refusal.length);
      if (!token.equals(refusal)) throw error;
      reader.unread(chunk.subarray(read));
      throw await readRefusal(reader);
    }
    before = Buffer.concat([before, chunk.subarray(-refusal.length)]).subarray(-refusal.length);
    if (taken < chunk.length) reader.unread(chunk.subarray(taken));
    if (parser.offset > info.narSize || (parser.done && parser.offset < info.narSize)) {
      const least = parser.done ? '' : 'at least ';
      throw new AppError(
        'store.corrupt',
        `the NAR of ${info.path} has ${least}${parser.offset} bytes, where the store says ${info.narSize}`,
      );
    }
    yield chunk.subarray(0, taken);
  }
}
