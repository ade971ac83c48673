import { expect, it } from 'vitest';
import { parseStorePath, type StorePath } from '../nix/store-path.ts';
import { readClosure } from './read-closure.ts';
import type { PathInfo } from './store.ts';

const pathOf = (name: string): StorePath => parseStorePath(`/nix/store/${'0'.repeat(32)}-${name}`);

/** A database of paths that refer to others. */
function database(references: Readonly<Record<string, readonly string[]>>) {
  return {
    lookupPath: (path: StorePath) => {
      const found = references[path.slice(44)];
      // Of a path, only what is used.
      return found && ({ path, references: found.map(pathOf) } as unknown as PathInfo);
    },
  };
}

it('has each path once, whatever refers to what', async () => {
  const closure = await readClosure(database({ a: ['a', 'b', 'c'], b: ['c'], c: [], d: [] }), [pathOf('a')]);

  expect(closure.map(({ path }) => path)).toEqual([pathOf('a'), pathOf('b'), pathOf('c')]);
});

it('goes through a deep one', async () => {
  const chain = Object.fromEntries(
    Array.from({ length: 1000 }, (_, n) => [`n${n}`, n === 999 ? [] : [`n${n + 1}`]]),
  );

  expect(await readClosure(database(chain), [pathOf('n0')])).toHaveLength(1000);
});

it('names what is not there', async () => {
  await expect(readClosure(database({ a: ['b'] }), [pathOf('a')])).rejects.toMatchObject({
    code: 'store.path-missing',
    message: expect.stringContaining('-b is not valid'),
  });
});
