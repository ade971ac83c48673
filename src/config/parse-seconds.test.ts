import { expect, it } from 'vitest';
import { parseSeconds } from './parse-seconds.ts';

it.each([
  [0, 0],
  [600, 600],
  ['600', 600],
  ['90 s', 90],
  ['10min', 600],
  ['10 m', 600],
  ['1 h', 3600],
  ['7d', 604_800],
])('reads %j as %i seconds', (text, wanted) => {
  expect(parseSeconds(text)).toBe(wanted);
});

it.each(['', 'h', '1.5 h', '-1', '1 y', '1 H'])('refuses %j', (text) => {
  expect(() => parseSeconds(text)).toThrow(/^wanted seconds, or a time such as "90 s".*; got /);
});
