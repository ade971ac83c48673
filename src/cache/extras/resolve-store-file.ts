/**
 * Finds a file inside a store path by names, following symlinks as the kernel would, but never out of the store and
 * never into a path that cannot be served. The walk is our own: every step is looked at before it is taken, so there
 * is no moment at which the kernel decides where a link leads.
 */

import type { Stats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { storeDir } from '../../nix/store-path.ts';
import type { PathInfo } from '../../store/store.ts';

export interface StoreFile {
  /** Where it is in the end, no component of which below the store folder is a symlink. */
  readonly file: Buffer;
  /** The store path that it is in. */
  readonly info: PathInfo;
  readonly stat: Stats;
}

/** As many links as the kernel follows. */
const maxLinks = 40;
const slash = Buffer.from('/');

/**
 * `find`: a path that can be served, by its hash part; `folder`: where the store's files are. Undefined when there is no such file, or a link on the way to it
 * leads somewhere else.
 */
export async function resolveStoreFile(
  start: PathInfo,
  names: readonly Buffer[],
  find: (hashPart: string) => Promise<PathInfo | undefined>,
  folder: string = storeDir,
): Promise<StoreFile | undefined> {
  /** Below the store folder; its first component is the name of a store path. */
  let taken: Buffer[] = [];
  let info: PathInfo | undefined;
  const ahead: Buffer[] = [Buffer.from(start.path.slice(storeDir.length + 1)), ...names];
  let stat: Stats | undefined;
  for (let links = 0; ; ) {
    const name = ahead.shift();
    if (name === undefined) break;
    const text = name.toString('latin1');
    if (text === '' || text === '.') continue;
    if (stat !== undefined && !stat.isDirectory()) return undefined;
    if (text === '..') {
      // Above the store folder, or the folder itself: neither is served.
      if (taken.pop() === undefined) return undefined;
      stat = undefined;
      continue;
    }
    if (taken.length === 0) {
      info = await find(text.slice(0, 32));
      if (info === undefined || info.path !== `${storeDir}/${text}`) return undefined;
    }
    const file = fileOf(folder, [...taken, name]);
    stat = await lstat(file).catch(() => undefined);
    if (stat === undefined) return undefined;
    if (!stat.isSymbolicLink()) {
      taken.push(name);
      continue;
    }
    links += 1;
    const target = await readlink(file, { encoding: 'buffer' }).catch(() => undefined);
    if (target === undefined || links > maxLinks) return undefined;
    const isAbsolute = target[0] === slash[0];
    const parts = split(target);
    if (isAbsolute) {
      const [nix, store] = parts;
      if (nix?.toString() !== 'nix' || store?.toString() !== 'store') return undefined;
      taken = [];
    }
    ahead.unshift(...(isAbsolute ? parts.slice(2) : parts));
    stat = undefined;
  }
  if (info === undefined || taken.length === 0) return undefined;
  const file = fileOf(folder, taken);
  stat ??= await lstat(file).catch(() => undefined);
  return stat === undefined || stat.isSymbolicLink() ? undefined : { file, info, stat };
}

function fileOf(folder: string, names: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(folder), ...names.flatMap((name) => [slash, name])]);
}

/** Without empty ones, which mean nothing in the middle or at the end of a path. */
function split(target: Buffer): Buffer[] {
  return target
    .toString('latin1')
    .split('/')
    .filter((part) => part !== '')
    .map((part) => Buffer.from(part, 'latin1'));
}
