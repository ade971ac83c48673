import { describe, expect, it } from 'vitest';
import { parseStorePath } from '../../nix/store-path.ts';
import type { NumberedPath } from '../../store/store-database.ts';
import { createDebugInfoIndex } from './create-debug-info-index.ts';

const path = (number: number) =>
  parseStorePath(`/nix/store/${String(number).padStart(32, '0')}-path-${number}`);

/** A store of so many paths, of which each with an even number has debug information. */
function fakeStore(count: number) {
  const state = { count, looked: [] as string[], questions: 0 };
  const index = createDebugInfoIndex(
    {
      pathsAfter(id, limit) {
        state.questions += 1;
        const rows: NumberedPath[] = [];
        for (let next = id + 1; next <= state.count && rows.length < limit; next++) {
          rows.push({ id: next, info: next % 5 === 0 ? undefined : infoOf(next) });
        }
        return rows;
      },
    },
    async (found) => {
      state.looked.push(found);
      await new Promise((resolve) => setImmediate(resolve));
      const number = Number(found.slice(found.lastIndexOf('-') + 1));
      return number % 2 === 0 ? [`id-${number}`, 'shared'] : [];
    },
  );
  return { state, index };
}

function infoOf(number: number): NonNullable<NumberedPath['info']> {
  return {
    path: path(number),
    deriver: undefined,
    narHash: '00'.repeat(32),
    narSize: 1,
    references: [],
    registrationTime: 1,
    ultimate: true,
    signatures: [],
    contentAddress: '',
  };
}

describe('createDebugInfoIndex', () => {
  it('finds who has a build ID, newest first', async () => {
    const { index } = fakeStore(600);
    expect(await index.find('id-4')).toEqual([path(4)]);
    expect(await index.find('id-3')).toEqual([]);
    expect((await index.find('shared')).slice(0, 2)).toEqual([path(598), path(596)]);
  });

  it('looks at every path once, however many ask', async () => {
    const { index, state } = fakeStore(600);
    await Promise.all(Array.from({ length: 20 }, () => index.find('id-4')));
    await index.find('id-8');
    expect(state.looked).toHaveLength(480);
    expect(new Set(state.looked).size).toBe(480);
  });

  it('finds what was registered since, also while it was looking', async () => {
    const { index, state } = fakeStore(300);
    const first = index.find('id-302');
    state.count = 400;
    expect(await index.find('id-398')).toEqual([path(398)]);
    await first;
    state.count = 402;
    expect(await index.find('id-402')).toEqual([path(402)]);
  });

  it('tells what the database throws, and tries again', async () => {
    let fails = true;
    const index = createDebugInfoIndex(
      {
        pathsAfter: () => {
          if (fails) throw new Error('locked');
          return [];
        },
      },
      async () => [],
    );
    await expect(index.find('x')).rejects.toThrow('locked');
    fails = false;
    expect(await index.find('x')).toEqual([]);
  });
});
