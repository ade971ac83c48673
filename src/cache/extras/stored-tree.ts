/**
 * Files of paths whose NARs are files: found in the listing of the NAR, and read out of the middle of it, unpacked on the
 * way and never to disk. As for NARs, the last piece comes only when the whole file with the NAR is known to be right.
 */

import { decodeByteString, encodeByteString } from '../../nix/byte-string.ts';
import type { NarListingNode } from '../../nix/nar-listing.ts';
import type { ServedPath } from '../path-source.ts';
import type { KeptPath, StoredListings } from '../stored/stored-listings.ts';
import type { StoredNars } from '../stored/stored-nars.ts';
import type { FolderEntry } from './folder-entry.ts';
import type { StoreTree } from './store-tree.ts';

export interface StoredTreeDeps {
  readonly nars: Pick<StoredNars, 'unpack'>;
  readonly listings: StoredListings;
}

/** Its paths must have a `stored`. */
export function storedTree({ nars, listings }: StoredTreeDeps, signal: AbortSignal): StoreTree {
  const find = async (path: ServedPath, names: readonly Buffer[]): Promise<NarListingNode | undefined> => {
    let node: NarListingNode | undefined = (await listings.of(kept(path), signal)).root;
    for (const name of names) {
      const text = decodeByteString(name);
      node = node?.type === 'directory' && Object.hasOwn(node.entries, text) ? node.entries[text] : undefined;
    }
    return node;
  };
  return {
    async look(path, names) {
      const node = await find(path, names);
      if (node?.type !== 'symlink') return node && { type: node.type };
      return { type: 'symlink', target: Buffer.from(encodeByteString(node.target)) };
    },
    async list(path, names) {
      const node = await find(path, names);
      if (node?.type !== 'directory') return [];
      return Object.entries(node.entries)
        .map(([name, entry]) => entryOf(name, entry))
        .sort((a, b) => Buffer.compare(a.bytes, b.bytes));
    },
    async open(path, names) {
      const node = await find(path, names);
      if (node?.type !== 'regular') return undefined;
      const { size, narOffset } = node;
      return {
        size,
        read: (start, end) =>
          nars.unpack(kept(path).stored, { start: narOffset + start, end: narOffset + end }, signal),
        async [Symbol.asyncDispose]() {},
      };
    },
  };
}

function kept(path: ServedPath): KeptPath {
  const { stored } = path;
  if (stored === undefined) throw new TypeError(`${path.path} has no file with its NAR`);
  return { ...path, stored };
}

function entryOf(name: string, node: NarListingNode): FolderEntry {
  const common = { name, bytes: Buffer.from(encodeByteString(name)), type: node.type };
  if (node.type === 'symlink') return { ...common, target: node.target };
  if (node.type === 'directory') return common;
  return { ...common, size: node.size, ...(node.executable && { executable: true }) };
}
