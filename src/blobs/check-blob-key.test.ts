import { describe, expect, it } from 'vitest';
import { checkBlobKey } from './check-blob-key.ts';

describe('checkBlobKey', () => {
  it.each(['a', 'nar/0a/0abc.nar.zst', '1_2-3'])('takes %j', (key) => {
    expect(() => checkBlobKey(key)).not.toThrow();
  });

  it.each([
    '',
    '/a',
    'a/',
    'a//b',
    '..',
    'a/../b',
    './a',
    '.a',
    'a/.b',
    'A',
    'a b',
    'a\0',
    'a\n',
    'a\\b',
    'é',
  ])('refuses %j', (key) => {
    expect(() => checkBlobKey(key)).toThrow(TypeError);
  });
});
