import { expect, it } from 'vitest';
import { formatDuration } from './format-duration.ts';

it.each([
  [0, '0 ms'],
  [80.4, '80 ms'],
  [3240, '3.2 s'],
  [59_900, '59.9 s'],
  [59_990, '1 min 0 s'],
  [125_000, '2 min 5 s'],
  [3_840_000, '1 h 4 min'],
])('writes %d ms as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
