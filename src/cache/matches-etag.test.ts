import { describe, expect, it } from 'vitest';
import { matchesEtag } from './matches-etag.ts';

describe('matchesEtag', () => {
  it.each([
    ['"a"', true],
    ['W/"a"', true],
    ['"b", "a"', true],
    [' * ', true],
    ['"b"', false],
    ['a', false],
    ['', false],
    [undefined, false],
  ])('%s names "a": %s', (header, expected) => {
    expect(matchesEtag(header, '"a"')).toBe(expected);
  });
});
