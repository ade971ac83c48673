import { expect, it } from 'vitest';
import { ago } from './ago.ts';

it.each([
  [null, 'never'],
  [1000, 'just now'],
  [1001, 'just now'],
  [998, '2.0 s ago'],
  [100, '15 min 0 s ago'],
])('calls what was at %j %j', (at, wanted) => {
  expect(ago(at, 1_000_900)).toBe(wanted);
});
