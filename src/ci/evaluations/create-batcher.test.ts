import { expect, it } from 'vitest';
import { createBatcher } from './create-batcher.ts';

it('writes the first at once, and together what comes meanwhile', async () => {
  const batches: (readonly number[])[] = [];
  const batcher = createBatcher<number>(async (batch) => {
    batches.push(batch);
    await Promise.resolve();
  });
  for (const n of [1, 2, 3]) void batcher.add(n);
  expect(batches).toEqual([[1]]);
  await batcher.written();
  expect(batches).toEqual([[1], [2, 3]]);

  await batcher.add(4);
  await batcher.written();
  expect(batches.at(-1)).toEqual([4]);
});

it('writes no more at once than it may, and lets whoever adds wait when too much is waiting', async () => {
  const sizes: number[] = [];
  const batcher = createBatcher<number>(
    async (batch) => {
      sizes.push(batch.length);
      await Promise.resolve();
    },
    { most: 2, waiting: 5 },
  );
  for (let n = 0; n < 5; n++) await batcher.add(n);
  expect(sizes).not.toEqual([]);
  for (let n = 0; n < 6; n++) void batcher.add(n);
  await batcher.written();

  expect(Math.max(...sizes)).toBe(2);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(11);
});

it('rejects everything after a failure', async () => {
  const batcher = createBatcher<number>(() => Promise.reject(new Error('full')));
  await batcher.add(1);

  await expect(batcher.written()).rejects.toThrow('full');
  await expect(batcher.add(2)).rejects.toThrow('full');
});
