/** The build IDs of the programs that a path of the live store has debug information of; most paths have none. */

import { readdir } from 'node:fs/promises';
import type { StorePath } from '../../nix/store-path.ts';
import { buildIdOf } from './build-id-of.ts';

const folder = ['lib', 'debug', '.build-id'] as const;

export async function listBuildIds(path: StorePath): Promise<readonly string[]> {
  const top = `${path}/${folder.join('/')}`;
  const starts = (await namesIn(top)).filter((name) => /^[0-9a-f]{2}$/.test(name));
  const found = await Promise.all(
    starts.map(async (start) =>
      (await namesIn(`${top}/${start}`)).flatMap((name) => buildIdOf([...folder, start, name]) ?? []),
    ),
  );
  return found.flat();
}

/** None where it is no folder, which most paths have not. */
async function namesIn(name: string): Promise<readonly string[]> {
  return readdir(name).catch(() => []);
}
