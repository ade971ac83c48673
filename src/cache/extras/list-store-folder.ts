/** What is in a folder of the live store, in the order of NARs (by bytes). */

import { lstat, readdir, readlink } from 'node:fs/promises';
import { decodeByteString } from '../../nix/byte-string.ts';
import type { FolderEntry } from './folder-entry.ts';

/** Entries looked at at a time. */
const atOnce = 64;

/** Throws as `readdir` and `lstat` do when it, or something in it, is gone. */
export async function listStoreFolder(folder: Buffer): Promise<readonly FolderEntry[]> {
  const names = (await readdir(folder, { encoding: 'buffer' })).sort((a, b) => Buffer.compare(a, b));
  const entries: FolderEntry[] = [];
  for (let at = 0; at < names.length; at += atOnce) {
    entries.push(...(await Promise.all(names.slice(at, at + atOnce).map((name) => describe(folder, name)))));
  }
  return entries;
}

async function describe(folder: Buffer, bytes: Buffer): Promise<FolderEntry> {
  const file = Buffer.concat([folder, Buffer.from('/'), bytes]);
  const name = decodeByteString(bytes);
  const stat = await lstat(file);
  if (stat.isDirectory()) return { name, bytes, type: 'directory' };
  if (stat.isSymbolicLink()) {
    return {
      name,
      bytes,
      type: 'symlink',
      target: decodeByteString(await readlink(file, { encoding: 'buffer' })),
    };
  }
  const executable = (stat.mode & 0o100) !== 0;
  return { name, bytes, type: 'regular', size: stat.size, ...(executable && { executable }) };
}
