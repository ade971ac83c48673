import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { compressLog } from './compress-log.ts';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'compress-log-'));
  file = join(folder, 'hello.drv.1.log');
});
afterEach(() => rmSync(folder, { recursive: true }));

const text = Array.from({ length: 5000 }, (_, line) => `line ${line}\n`).join('');

it('leaves the compressed file alone', async () => {
  writeFileSync(file, text);
  await compressLog(file);
  expect(readdirSync(folder)).toEqual(['hello.drv.1.log.zst']);
  const compressed = readFileSync(`${file}.zst`);
  expect(zstdDecompressSync(compressed).toString()).toBe(text);
  expect(compressed.length).toBeLessThan(text.length / 2);
});

it('leaves short logs as they are, and does nothing for one that is not there', async () => {
  writeFileSync(file, 'short\n');
  await compressLog(file);
  await compressLog(`${file}.gone`);
  expect(readdirSync(folder)).toEqual(['hello.drv.1.log']);
});

it('mends what a kill has left', async () => {
  writeFileSync(file, text);
  writeFileSync(`${file}.zst.part`, 'half of a');
  writeFileSync(`${file}.zst`, 'of another time');
  await compressLog(file);
  expect(readdirSync(folder)).toEqual(['hello.drv.1.log.zst']);
  expect(zstdDecompressSync(readFileSync(`${file}.zst`)).toString()).toBe(text);
});

it('leaves the plain file alone when it is interrupted', async () => {
  writeFileSync(file, text);
  await expect(compressLog(file, AbortSignal.abort())).rejects.toThrow(/abort/i);
  expect(readdirSync(folder)).toEqual(['hello.drv.1.log']);
});
