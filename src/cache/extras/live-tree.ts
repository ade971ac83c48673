/** Files of the live store, as they are on disk. The last component of a name is never followed where it is a link. */

import { constants, type Stats } from 'node:fs';
import { lstat, open, readlink } from 'node:fs/promises';
import { storeDir } from '../../nix/store-path.ts';
import type { ServedPath } from '../path-source.ts';
import { listStoreFolder } from './list-store-folder.ts';
import type { StoreTree } from './store-tree.ts';

/** `folder`: where the store's files are. */
export function liveTree(folder: string = storeDir): StoreTree {
  const fileOf = ({ path }: ServedPath, names: readonly Buffer[]): Buffer =>
    Buffer.concat([
      Buffer.from(folder + path.slice(storeDir.length)),
      ...names.flatMap((name) => [slash, name]),
    ]);
  return {
    async look(path, names) {
      const file = fileOf(path, names);
      const type = typeOf(await lstat(file).catch(() => undefined));
      if (type !== 'symlink') return type && { type };
      const target = await readlink(file, { encoding: 'buffer' }).catch(() => undefined);
      return target && { type, target };
    },
    list: (path, names) => listStoreFolder(fileOf(path, names)),
    async open(path, names) {
      // What is open stays whole, even when the path is collected meanwhile.
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      const handle = await open(fileOf(path, names), flags);
      try {
        const stat = await handle.stat();
        if (!stat.isFile()) {
          await handle.close();
          return undefined;
        }
        return {
          size: stat.size,
          read: (start, end) => handle.createReadStream({ start, end: end - 1, autoClose: false }),
          [Symbol.asyncDispose]: () => handle.close(),
        };
      } catch (error) {
        await handle.close();
        throw error;
      }
    },
  };
}

const slash = Buffer.from('/');

function typeOf(stat: Stats | undefined): 'directory' | 'regular' | 'symlink' | undefined {
  if (stat?.isDirectory()) return 'directory';
  if (stat?.isFile()) return 'regular';
  return stat?.isSymbolicLink() ? 'symlink' : undefined;
}
