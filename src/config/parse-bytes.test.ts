import { expect, it } from 'vitest';
import { parseBytes } from './parse-bytes.ts';

it.each([
  [0, 0],
  ['512', 512],
  ['512 B', 512],
  ['2 KiB', 2048],
  ['64 MiB', 67_108_864],
  ['4G', 4_294_967_296],
  ['4 gb', 4_294_967_296],
])('reads %j as %i bytes', (text, wanted) => {
  expect(parseBytes(text)).toBe(wanted);
});

it.each(['', 'M', '1.5G', '-1', '4 X', '4 GiBB'])('refuses %j', (text) => {
  expect(() => parseBytes(text)).toThrow(/^wanted bytes, or a size such as "64 MiB"/);
});
