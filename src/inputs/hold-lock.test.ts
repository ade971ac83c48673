import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdLock } from './hold-lock.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'proteus-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('holdLock', () => {
  it('lets one in after the other', async () => {
    const file = join(folder, 'lock');
    let inside = 0;
    let most = 0;
    const enter = async (): Promise<void> => {
      await using _lock = await holdLock(file);
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside--;
    };
    await Promise.all([enter(), enter(), enter()]);

    expect(most).toBe(1);
  });

  it('is given up while waiting, and not taken then', async () => {
    const file = join(folder, 'given-up');
    const first = await holdLock(file);
    const stop = new AbortController();
    const second = holdLock(file, stop.signal);
    stop.abort();

    await expect(second).rejects.toMatchObject({ code: 'interrupted' });
    await first[Symbol.asyncDispose]();
    await (await holdLock(file))[Symbol.asyncDispose]();
  });

  it('is free again when its holder is killed', async () => {
    const file = join(folder, 'killed');
    const script = `
      import { holdLock } from '${import.meta.dirname}/hold-lock.ts';
      await holdLock(${JSON.stringify(file)});
      console.log('held');
      setInterval(() => {}, 1000);`;
    const other = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(other.stdout, 'data');
    const waiting = holdLock(file);
    other.kill('SIGKILL');

    const held = await waiting;
    await held[Symbol.asyncDispose]();
    expect(held).toBeDefined();
  });

  it('says why a file cannot be locked', async () => {
    await expect(holdLock(join(folder, 'no/such/folder'))).rejects.toMatchObject({
      code: 'input.fetch',
      message: expect.stringMatching(/^cannot lock .*no\/such\/folder: .*No such file or directory/),
    });
  });
});
