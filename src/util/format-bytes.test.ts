import { expect, it } from 'vitest';
import { formatBytes } from './format-bytes.ts';

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [10 * 1024, '10 KiB'],
  [5 * 1024 ** 2, '5.0 MiB'],
  [3 * 1024 ** 4, '3.0 TiB'],
  [5000 * 1024 ** 4, '5000 TiB'],
])('writes %d bytes as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
