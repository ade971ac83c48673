/**
 * The `.ls` document of a path in the live store: the tree with sizes, and for each file where its content begins
 * in the uncompressed NAR, so that a client can fetch single files by range. The offsets follow from the lengths of
 * the NAR's tokens, so no file is read.
 */

import { lstat, readdir, readlink } from 'node:fs/promises';
import { decodeByteString } from '../nix/byte-string.ts';
import type { NarListing, NarListingNode } from '../nix/nar-listing.ts';
import {
  directoryStart,
  entryStart,
  narMagic,
  nodeEnd,
  padding,
  regularStart,
  symlinkNode,
} from '../nix/nar-tokens.ts';
import type { StorePath } from '../nix/store-path.ts';

/** Walks the path. Throws as `lstat` does when it, or something in it, is gone. */
export async function listNar(path: StorePath, signal?: AbortSignal): Promise<NarListing> {
  const walk = { offset: narMagic.length, signal };
  return { version: 1, root: await list(walk, Buffer.from(path)) };
}

interface Walk {
  /** Bytes of the NAR up to here. */
  offset: number;
  readonly signal: AbortSignal | undefined;
}

async function list(walk: Walk, path: Buffer): Promise<NarListingNode> {
  walk.signal?.throwIfAborted();
  const stat = await lstat(path);
  if (stat.isSymbolicLink()) {
    const target = decodeByteString(await readlink(path, { encoding: 'buffer' }));
    walk.offset += symlinkNode(target).length;
    return { type: 'symlink', target };
  }
  if (stat.isDirectory()) {
    walk.offset += directoryStart.length;
    const entries = await listDirectory(walk, path);
    walk.offset += nodeEnd.length;
    return { type: 'directory', entries };
  }
  const { size } = stat;
  const executable = (stat.mode & 0o100) !== 0;
  walk.offset += regularStart(size, executable).length;
  const narOffset = walk.offset;
  walk.offset += size + padding(size) + nodeEnd.length;
  return { type: 'regular', size, ...(executable && { executable }), narOffset };
}

const slash = Buffer.from('/');

async function listDirectory(walk: Walk, path: Buffer): Promise<Record<string, NarListingNode>> {
  const names = (await readdir(path, { encoding: 'buffer' })).sort((a, b) => Buffer.compare(a, b));
  // Without a prototype, so that a file may be called `__proto__`.
  const entries: Record<string, NarListingNode> = Object.create(null);
  for (const name of names) {
    walk.offset += entryStart(name).length;
    entries[decodeByteString(name)] = await list(walk, Buffer.concat([path, slash, name]));
    walk.offset += nodeEnd.length;
  }
  return entries;
}
