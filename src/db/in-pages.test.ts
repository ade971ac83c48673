import { describe, expect, it } from 'vitest';
import { inPages } from './in-pages.ts';

describe('inPages', () => {
  it('gives all items once, in order', async () => {
    const items = Array.from({ length: 4321 }, (_, index) => index);
    const pages = await Array.fromAsync(inPages(items));

    expect(pages.map(({ length }) => length)).toEqual([2000, 2000, 321]);
    expect(pages.flat()).toEqual(items);
    expect(await Array.fromAsync(inPages([]))).toEqual([]);
  });

  it('lets others have a turn between pages', async () => {
    let turns = 0;
    const count = setInterval(() => {
      turns += 1;
    }, 0);
    for await (const _ of inPages(Array.from({ length: 200_000 }, () => 0))) {
      // Work that never waits.
      const until = performance.now() + 1;
      while (performance.now() < until);
    }
    clearInterval(count);

    expect(turns).toBeGreaterThan(10);
  });
});
