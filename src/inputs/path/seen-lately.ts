/** For inputs that need not be looked at each time: a small file for each says what was there, and when. */

import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isStorePath, type StorePath } from '../../nix/store-path.ts';
import type { AddedTree } from '../add-tree.ts';
import { holdLock } from '../hold-lock.ts';
import type { InputDeps } from '../input.ts';
import { describeStorePath } from './describe-store-path.ts';

const seenSchema = z.object({
  at: z.number(),
  storePath: z.custom<StorePath>((text) => typeof text === 'string' && isStorePath(text)),
});

/** What was there at most so many seconds ago and is still in the store, or what `look` finds now. */
export async function seenLately(
  uri: string,
  seconds: number,
  deps: InputDeps,
  look: () => Promise<AddedTree>,
): Promise<AddedTree> {
  if (seconds === 0) return look();
  const folder = join(deps.cacheDirectory, 'path');
  const file = join(folder, `${createHash('sha256').update(uri).digest('hex')}.json`);
  await mkdir(folder, { recursive: true });
  await using _lock = await holdLock(`${file}.lock`, deps.signal);
  const seen = await readSeen(file);
  if (seen !== undefined && deps.now() - seen.at < seconds * 1000) {
    const known = await describeStorePath(seen.storePath, deps);
    if (known !== undefined) return known;
  }
  const found = await look();
  await writeFile(`${file}.new`, JSON.stringify({ at: deps.now(), storePath: found.storePath }));
  await rename(`${file}.new`, file);
  return found;
}

async function readSeen(file: string): Promise<z.infer<typeof seenSchema> | undefined> {
  try {
    return seenSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    // Not there yet, or not ours: the same as having seen nothing.
    return undefined;
  }
}
