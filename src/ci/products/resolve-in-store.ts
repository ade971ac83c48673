/**
 * Follows a path that a build wrote down. Builds are not trusted: such a path may lead anywhere, through `..` or through
 * symlinks, so it is walked name by name and given up as soon as a step would leave the store. What is in the store
 * never changes, so what was found stays true for as long as the path is kept.
 */

import { lstat, readlink } from 'node:fs/promises';
import { resolve } from 'node:path';

/** As the kernel does, so that a loop of symlinks ends. */
const maxSymlinks = 40;

/** The path itself, without symlinks; undefined when it is not there or leaves the store. */
export async function resolveInStore(path: string, storeDirectory: string): Promise<string | undefined> {
  let names = namesInside(path, storeDirectory);
  let at = storeDirectory;
  let followed = 0;
  while (names !== undefined && names.length > 0) {
    const [name = '', ...rest] = names;
    const next = `${at}/${name}`;
    const type = await lstat(next).catch(() => undefined);
    if (type === undefined) return undefined;
    if (type.isSymbolicLink()) {
      followed += 1;
      if (followed > maxSymlinks) return undefined;
      const target = namesInside(resolve(at, await readlink(next)), storeDirectory);
      names = target === undefined ? undefined : [...target, ...rest];
      at = storeDirectory;
    } else {
      names = rest;
      at = next;
    }
  }
  return names === undefined ? undefined : at;
}

/** The names from the store's folder down; undefined when the path, as written, is not below it. */
function namesInside(path: string, storeDirectory: string): readonly string[] | undefined {
  const names = path.split('/').filter((name) => name !== '');
  if (names.some((name) => name === '..' || name === '.' || name.includes('\0'))) return undefined;
  const whole = `/${names.join('/')}`;
  return whole.startsWith(`${storeDirectory}/`)
    ? whole.slice(storeDirectory.length + 1).split('/')
    : undefined;
}
