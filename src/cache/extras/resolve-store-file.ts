/**
 * Finds a file inside a store path by names, following symlinks as the kernel would, but never out of the store and
 * never into a path that cannot be served. The walk is our own: every step is looked at before it is taken, so there
 * is no moment at which the kernel decides where a link leads.
 */

import { storeDir } from '../../nix/store-path.ts';
import type { ServedPath } from '../path-source.ts';
import type { StoreNode, StoreTree } from './store-tree.ts';

export interface StoreFile {
  /** The store path that it is in. */
  readonly path: ServedPath;
  /** Where it is in the end, below the path; none of them is a symlink. */
  readonly names: readonly Buffer[];
  readonly type: 'directory' | 'regular';
}

/** As many links as the kernel follows. */
const maxLinks = 40;
const slash = Buffer.from('/');

/**
 * `find`: a path that can be served, by its hash part; `look`: what is there, by the path and names below it. Undefined
 * when there is no such file, or a link on the way to it leads somewhere else.
 */
export async function resolveStoreFile(
  start: ServedPath,
  names: readonly Buffer[],
  find: (hashPart: string) => Promise<ServedPath | undefined>,
  look: StoreTree['look'],
): Promise<StoreFile | undefined> {
  /** Below the store folder; its first component is the name of a store path. */
  let taken: Buffer[] = [];
  let path: ServedPath | undefined;
  const ahead: Buffer[] = [Buffer.from(start.path.slice(storeDir.length + 1)), ...names];
  let node: StoreNode | undefined;
  for (let links = 0; ; ) {
    const name = ahead.shift();
    if (name === undefined) break;
    const text = name.toString('latin1');
    if (text === '' || text === '.') continue;
    if (node !== undefined && node.type !== 'directory') return undefined;
    if (text === '..') {
      // Above the store folder, or the folder itself: neither is served.
      if (taken.pop() === undefined) return undefined;
      node = undefined;
      continue;
    }
    if (taken.length === 0) {
      path = await find(text.slice(0, 32));
      if (path === undefined || path.path !== `${storeDir}/${text}`) return undefined;
    }
    if (path === undefined) return undefined;
    const found = await look(path, [...taken, name].slice(1));
    if (found === undefined) return undefined;
    if (found.type !== 'symlink') {
      node = found;
      taken.push(name);
      continue;
    }
    links += 1;
    if (links > maxLinks) return undefined;
    const isAbsolute = found.target[0] === slash[0];
    const parts = split(found.target);
    if (isAbsolute) {
      const [nix, store] = parts;
      if (nix?.toString() !== 'nix' || store?.toString() !== 'store') return undefined;
      taken = [];
    }
    ahead.unshift(...(isAbsolute ? parts.slice(2) : parts));
    node = undefined;
  }
  if (path === undefined || taken.length === 0) return undefined;
  const below = taken.slice(1);
  node ??= await look(path, below);
  return node === undefined || node.type === 'symlink' ? undefined : { path, names: below, type: node.type };
}

/** Without empty ones, which mean nothing in the middle or at the end of a path. */
function split(target: Buffer): Buffer[] {
  return target
    .toString('latin1')
    .split('/')
    .filter((part) => part !== '')
    .map((part) => Buffer.from(part, 'latin1'));
}
