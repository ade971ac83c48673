import { expect, it } from 'vitest';
import { withoutNul } from './without-nul.ts';

it('replaces NUL and nothing else', () => {
  expect(withoutNul('a\0\0b\n\u{1f680}')).toBe('a\ufffd\ufffdb\n\u{1f680}');
  expect(withoutNul('')).toBe('');
});
