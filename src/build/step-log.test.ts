import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseStorePath } from '../nix/store-path.ts';
import { compressLog } from './compress-log.ts';
import { openStepLog } from './step-log.ts';

const drvPath = parseStorePath('/nix/store/3vz4b0d1kqxhm6rbl0hkx3ypw4dnnmvi-hello.drv');
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'proteus-test-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

it('can be followed while it is written', async () => {
  await using log = openStepLog(folder, drvPath);
  expect(log.file).toBe(join(folder, '3v', '3vz4b0d1kqxhm6rbl0hkx3ypw4dnnmvi-hello.drv.1.log'));
  log.writeLine('one');
  log.writeLine('zwölf');
  await turn();
  await turn();
  expect(await readFile(log.file, 'utf8')).toBe('one\nzwölf\n');
  expect(log.bytes).toBe(4 + 7);
});

it('never overwrites the log of another attempt', async () => {
  const logs = [openStepLog(folder, drvPath), openStepLog(folder, drvPath)];
  logs[0]?.writeLine('first');
  logs[1]?.writeLine('second');
  for (const log of logs) await log[Symbol.asyncDispose]();
  expect(await readFile(logs[0]!.file, 'utf8')).toBe('first\n');
  expect(await readFile(logs[1]!.file, 'utf8')).toBe('second\n');
  expect(logs[1]?.file).toMatch(/\.2\.log$/);
});

it('never takes the name of a log that has been compressed', async () => {
  const first = openStepLog(folder, drvPath);
  first.writeLine('x'.repeat(10_000));
  await first[Symbol.asyncDispose]();
  await compressLog(first.file);
  const second = openStepLog(folder, drvPath);
  await second[Symbol.asyncDispose]();
  expect(second.file).toBe(first.file.replace('.1.log', '.2.log'));
  expect(existsSync(first.file)).toBe(false);
});

it('writes all that comes in one turn, and keeps 25 lines of it', async () => {
  const log = openStepLog(folder, drvPath);
  const lines = Array.from({ length: 30_000 }, (_, index) => `line ${index}`);
  for (const line of lines) log.writeLine(line);
  await log[Symbol.asyncDispose]();
  expect(await readFile(log.file, 'utf8')).toBe(`${lines.join('\n')}\n`);
  expect(log.tail).toEqual(lines.slice(-25));
});

it('cuts long lines in what it quotes, not in the file', async () => {
  const log = openStepLog(folder, drvPath);
  log.writeLine('x'.repeat(5000));
  await log[Symbol.asyncDispose]();
  expect(log.tail[0]).toHaveLength(2000);
  expect(await readFile(log.file, 'utf8')).toHaveLength(5001);
});
