import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runProcess } from '../process/run-process.ts';
import { openBuildLog } from './open-build-log.ts';

const name = '5k2r78dr3fdr14rll13sm5dmjb5fpw3r-hello.drv';
let dir: string;
let file: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'proteus-log-'));
  file = join(dir, '5k', name.slice(2));
  await mkdir(dirname(file));
});
afterEach(() => rm(dir, { recursive: true }));

describe('openBuildLog', () => {
  it('reads a plain log', async () => {
    await writeFile(file, 'hello\nworld\n');
    expect(await text((await openBuildLog(name, dir))!)).toBe('hello\nworld\n');
  });

  it('reads a compressed log', async () => {
    await writeFile(file, 'hello\n'.repeat(10_000));
    await runProcess(['bzip2', file]);
    expect(await text((await openBuildLog(name, dir))!)).toBe('hello\n'.repeat(10_000));
  });

  it('has none for a derivation that was never built here', async () => {
    expect(await openBuildLog(name, dir)).toBeUndefined();
  });
});
