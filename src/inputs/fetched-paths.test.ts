import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseStorePath, type StorePath } from '../nix/store-path.ts';
import type { Store } from '../store/store.ts';
import { findFetched, rememberFetched } from './fetched-paths.ts';

const storePath = parseStorePath(`/nix/store/${'a'.repeat(32)}-source`);
const sha256 = '0'.repeat(64);
let folder: string;
let file: string;
/** What was kept, then asked for, in that order. */
let asked: string[];
let valid: Set<StorePath>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'proteus-test-'));
  file = join(folder, 'x.json');
  asked = [];
  valid = new Set([storePath]);
});
afterEach(() => rm(folder, { recursive: true }));

function find(key: string): ReturnType<typeof findFetched> {
  return findFetched(file, key, {
    store: {
      isValidPath: async (path: StorePath) => {
        asked.push(`valid ${path}`);
        return valid.has(path);
      },
    } as unknown as Store, // Nothing else of it is used.
    keep: async (path) => void asked.push(`keep ${path}`),
  });
}

describe('what was fetched', () => {
  it('is known again, and kept before it is looked for', async () => {
    await rememberFetched(file, { key: 'a', storePath, sha256 });

    expect(await find('a')).toEqual({ key: 'a', storePath, sha256 });
    expect(asked).toEqual([`keep ${storePath}`, `valid ${storePath}`]);
    expect(await find('b')).toBeUndefined();
    expect(await readdir(folder)).toEqual(['x.json']);
  });

  it('is not known when its path is gone', async () => {
    await rememberFetched(file, { key: 'a', storePath, sha256 });
    valid.clear();

    expect(await find('a')).toBeUndefined();
  });

  it('is replaced, and forgotten when there is much that is newer', async () => {
    const other = parseStorePath(`/nix/store/${'b'.repeat(32)}-source`);
    valid.add(other);
    await rememberFetched(file, { key: 'a', storePath, sha256 });
    await rememberFetched(file, { key: 'a', storePath: other, sha256 });
    expect((await find('a'))?.storePath).toBe(other);

    for (let at = 0; at < 200; at++) await rememberFetched(file, { key: `k${at}`, storePath, sha256 });
    expect(await find('a')).toBeUndefined();
    expect(await find('k0')).toBeDefined();
  });

  it.each(['', '{', '[{"key":"a"}]', `[{"key":"a","storePath":"/etc/passwd","sha256":"${'0'.repeat(64)}"}]`])(
    'is nothing in a file with %j, which is then made anew',
    async (text) => {
      await writeFile(file, text);
      expect(await find('a')).toBeUndefined();

      await rememberFetched(file, { key: 'a', storePath, sha256 });
      expect(await find('a')).toBeDefined();
    },
  );
});
