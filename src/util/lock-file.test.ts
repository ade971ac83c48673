import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isFileLocked, lockFile } from './lock-file.ts';

let file: string;
beforeAll(async () => {
  file = path.join(await mkdtemp(path.join(tmpdir(), 'lock-')), 'lock');
});
afterAll(() => rm(path.dirname(file), { recursive: true }));

it('is held by one at a time, and free again afterwards', () => {
  expect(isFileLocked(file)).toBe(false);
  {
    using held = lockFile(file);
    expect(held).toBeDefined();
    expect(lockFile(file)).toBeUndefined();
  }
  using again = lockFile(file);
  expect(again).toBeDefined();
});

it('throws for a file that cannot be one', () => {
  expect(() => lockFile('/proc/no-such-folder/lock')).toThrow('unable to open database file');
  expect(isFileLocked('/proc/no-such-folder/lock')).toBe(false);
});
