/** Reads a whole NAR back into a tree, for tests: what comes out must be what went in. */

import type { NarHandler } from '../nar-handler.ts';
import { type NarLimits, NarParser } from '../nar-parser.ts';
import type { NarTree } from '../nar-writer.ts';

/** The tree of the NAR, and how many of the bytes it took; the bytes are pushed `step` at a time. */
export function parseNar(
  bytes: Uint8Array,
  limits: NarLimits = {},
  step = Number.MAX_SAFE_INTEGER,
): { readonly tree: NarTree; readonly consumed: number } {
  let root: NarTree | undefined;
  const open: Map<string, NarTree>[] = [];
  let pieces: Buffer[] = [];
  let executable = false;
  const put = (path: readonly string[], node: NarTree): void => {
    const name = path.at(-1);
    if (name === undefined) root = node;
    else open.at(-1)?.set(name, node);
  };
  const handler: NarHandler = {
    directoryStart(path) {
      const entries = new Map<string, NarTree>();
      put(path, { type: 'directory', entries });
      open.push(entries);
    },
    directoryEnd: () => void open.pop(),
    regular(_path, file) {
      executable = file.executable;
      pieces = [];
    },
    // A copy, as the handler's contract asks.
    fileChunk: (_path, chunk) => void pieces.push(Buffer.from(chunk)),
    fileEnd: (path) =>
      put(path, { type: 'regular', contents: new Uint8Array(Buffer.concat(pieces)), executable }),
    symlink: (path, target) => put(path, { type: 'symlink', target }),
  };
  const parser = new NarParser(handler, limits);
  let consumed = 0;
  while (consumed < bytes.length && !parser.done) {
    consumed += parser.push(bytes.subarray(consumed, consumed + step));
  }
  parser.finish();
  if (root === undefined) throw new Error('the parser is done, but told no root');
  return { tree: root, consumed };
}
