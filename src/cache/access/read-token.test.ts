import { describe, expect, it } from 'vitest';
import { readToken } from './read-token.ts';

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

describe('readToken', () => {
  it.each([
    ['Bearer proteus_cache_abc-_1', 'proteus_cache_abc-_1'],
    ['bearer   abc', 'abc'],
    [basic('anybody:proteus_cache_x'), 'proteus_cache_x'],
    [basic(':x'), 'x'],
    [basic('name:with:colons'), 'with:colons'],
    [basic('ü:x').replace('Basic', 'BASIC'), 'x'],
  ])('reads %s', (header, token) => {
    expect(readToken(header)).toBe(token);
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Digest abc',
    'Bearer a b',
    'Bearer a\tb',
    basic('no colon'),
    basic('empty:'),
    `Bearer ${'x'.repeat(1001)}`,
  ])('finds none in %s', (header) => {
    expect(readToken(header)).toBeUndefined();
  });
});
