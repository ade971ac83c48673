/**
 * What a repository has given before: a small file from keys (a revision and how it was checked out) to store paths, so
 * that a revision is checked out once. Losing it costs a checkout; it is written beside and renamed.
 */

import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { isStorePath, type StorePath } from '../nix/store-path.ts';
import type { InputDeps } from './input.ts';

const entrySchema = z.object({
  key: z.string(),
  storePath: z.custom<StorePath>((text) => typeof text === 'string' && isStorePath(text)),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

export type FetchedPath = z.infer<typeof entrySchema>;

/** Enough for all jobsets that follow one repository. */
const kept = 200;

/** What is known by that key, provided that its path is still valid; it is then kept. */
export async function findFetched(
  file: string,
  key: string,
  deps: Pick<InputDeps, 'store' | 'keep' | 'signal'>,
): Promise<FetchedPath | undefined> {
  const found = (await entries(file)).find((entry) => entry.key === key);
  if (found === undefined) return undefined;
  await deps.keep(found.storePath);
  return (await deps.store.isValidPath(found.storePath, { signal: deps.signal })) ? found : undefined;
}

/** Adds an entry, or replaces the one with its key. Whoever calls holds the repository's lock. */
export async function rememberFetched(file: string, entry: FetchedPath): Promise<void> {
  const others = (await entries(file)).filter(({ key }) => key !== entry.key);
  await writeFile(`${file}.new`, JSON.stringify([entry, ...others].slice(0, kept)));
  await rename(`${file}.new`, file);
}

async function entries(file: string): Promise<readonly FetchedPath[]> {
  try {
    return z.array(entrySchema).parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    // Not there yet, or not ours: the same as knowing nothing.
    return [];
  }
}
