import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loginUser } from '../../src/deploy/login-user.ts';

let dir: string;
let configFile: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'proteus-ssh-'));
  configFile = join(dir, 'config');
  await writeFile(configFile, 'Host web*\n  User deploy\nHost *\n  User root\n');
});
afterAll(() => rm(dir, { recursive: true }));

describe('loginUser', () => {
  it("is the target's own", async () => {
    expect(await loginUser({ host: 'web01', user: 'admin' }, { configFile })).toBe('admin');
  });

  it("is what ssh's configuration says otherwise", async () => {
    expect(await loginUser({ host: 'web01' }, { configFile })).toBe('deploy');
    expect(await loginUser({ host: 'db01', port: 2222 }, { configFile })).toBe('root');
  });
});
