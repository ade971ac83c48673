import { describe, expect, it } from 'vitest';
import { benchCase, median } from './bench-case.ts';

const measured = { bench: 'eval', case: 'wall', unit: 's', peerName: 'nix-instantiate' };

describe('benchCase', () => {
  it('compares medians with the bar', () => {
    const result = benchCase({ ...measured, ours: [1, 100, 2], peer: [4, 4, 4], atMost: 0.5 });

    expect(result).toMatchObject({ ours: 2, peer: 4, ratio: 0.5, target: '<= 0.5', ok: true });
  });

  it('fails what misses the bar, from either side', () => {
    expect(benchCase({ ...measured, ours: [3], peer: [4], atMost: 0.5 }).ok).toBe(false);
    expect(benchCase({ ...measured, ours: [3], peer: [4], atLeast: 0.9 })).toMatchObject({
      ok: false,
      target: '>= 0.9',
    });
  });

  it('only reports where there is no bar', () => {
    expect(benchCase({ ...measured, ours: [3], peer: [4] })).toMatchObject({ target: null, ok: true });
  });
});

describe('median', () => {
  it('is the mean of the middle two of an even count', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('refuses nothing', () => {
    expect(() => median([])).toThrow('median of no values');
  });
});
