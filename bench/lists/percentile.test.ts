import { describe, expect, it } from 'vitest';
import { percentile } from './percentile.ts';

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  it.each([
    [0.5, 50],
    [0.95, 95],
    [1, 100],
  ])('of %f of a hundred values is %i', (share, expected) => {
    expect(percentile(hundred, share)).toBe(expected);
  });

  it('of few values is one of them', () => {
    expect(percentile([3], 0.95)).toBe(3);
    expect(percentile([1, 2], 0.5)).toBe(1);
    expect(() => percentile([], 0.5)).toThrow('percentile of no values');
  });
});
