/** Puts a tree into the file system, for comparing what Nix and we make of it. */

import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { encodeByteString } from '../../src/nix/byte-string.ts';
import type { NarTree } from '../../src/nix/nar-writer.ts';

/** Writes the tree at `path`, which must not exist yet. */
export function writeTree(path: Buffer, tree: NarTree): void {
  switch (tree.type) {
    case 'regular':
      writeFileSync(path, tree.contents);
      chmodSync(path, tree.executable ? 0o755 : 0o644);
      return;
    case 'symlink':
      symlinkSync(encodeByteString(tree.target), path);
      return;
    case 'directory':
      mkdirSync(path);
      for (const [name, node] of tree.entries) {
        writeTree(Buffer.concat([path, Buffer.from('/'), encodeByteString(name)]), node);
      }
  }
}
