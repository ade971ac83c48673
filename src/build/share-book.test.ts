import { expect, it } from 'vitest';
import { createShareBook } from './share-book.ts';

function book() {
  let time = 5_000_000;
  return {
    ...createShareBook(() => time),
    pass: (seconds: number) => {
      time += seconds * 1000;
    },
  };
}

it('counts what runs while it runs, for each share', () => {
  const shares = book();
  shares.set(1, { shares: 2, usedSeconds: 10 });
  expect(shares.used(1)).toBe(5);
  const end = shares.begin(1);
  expect(shares.used(1)).toBe(5.5);
  shares.pass(8);
  expect(shares.used(1)).toBe(9.5);
  shares.begin(1);
  shares.pass(1);
  expect(shares.used(1)).toBeCloseTo((10 + 9 + 1 + 1 + 1) / 2);
  end();
  shares.pass(10);
  expect(shares.used(1)).toBeCloseTo((10 + 9 + 11 + 1) / 2);
});

it('takes jobsets it was told nothing of for unused, with one share, and 0 shares for 1', () => {
  const shares = book();
  expect(shares.used(7)).toBe(0);
  shares.begin(7)();
  expect(shares.used(7)).toBe(0);
  shares.set(8, { shares: 0, usedSeconds: 3 });
  expect(shares.used(8)).toBe(3);
  shares.pass(1);
});

it('goes on counting what runs when it is told what was used before', () => {
  const shares = book();
  shares.begin(1);
  shares.pass(4);
  shares.set(1, { shares: 1, usedSeconds: 100 });
  expect(shares.used(1)).toBe(105);
});
