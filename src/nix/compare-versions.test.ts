import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions } from './compare-versions.ts';

describe('compareVersions', () => {
  // From the manual of Nix.
  it.each([
    ['1.0', '2.3'],
    ['2.1', '2.3'],
    ['2.3', '2.5'],
    ['2.3', '2.3.1'],
    ['2.3a', '2.3c'],
    ['2.3pre1', '2.3'],
    ['2.3pre3', '2.3pre12'],
    ['2.3a', '2.3.1'],
    ['2.3pre1', '2.3c'],
    ['2.3pre1', '2.3q'],
    ['9', '10'],
    ['', '0'],
    ['2024-01-09', '2024-01-10'],
    ['99999999999999999998', '99999999999999999999'],
  ])('puts %s before %s', (older, newer) => {
    expect(compareVersions(older, newer)).toBe(-1);
    expect(compareVersions(newer, older)).toBe(1);
  });

  it.each([
    ['1.0', '1.0'],
    ['1.0', '1-0'],
    ['1.02', '1.2'],
    ['', ''],
  ])('takes %s and %s for equal', (one, other) => {
    expect(compareVersions(one, other)).toBe(0);
  });

  it('says the opposite the other way round', () => {
    const version = fc.string({ unit: fc.constantFrom('1', '20', '.', '-', 'a', 'pre', 'rc'), maxLength: 8 });
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(compareVersions(a, b) + compareVersions(b, a)).toBe(0);
      }),
    );
  });
});
