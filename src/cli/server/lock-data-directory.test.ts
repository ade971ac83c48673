import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startProcess } from '../../process/start-process.ts';
import { isDataDirectoryLocked, lockDataDirectory } from './lock-data-directory.ts';
import { findLocalServer, writeServerFile } from './server-file.ts';

const module = path.join(import.meta.dirname, 'lock-data-directory.ts');
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lock-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** Another process that holds the lock. */
async function holder() {
  const code = `
    const { lockDataDirectory } = await import(${JSON.stringify(module)});
    const lock = lockDataDirectory(${JSON.stringify(directory)});
    console.log('held');
    setInterval(() => lock, 1000);
  `;
  const child = await startProcess([process.execPath, '--input-type=module', '--eval', code]);
  for await (const chunk of child.stdout) if (String(chunk).includes('held')) break;
  return child;
}

it('is held by one at a time, and free again afterwards', () => {
  {
    using _held = lockDataDirectory(directory);
    expect(() => lockDataDirectory(directory)).toThrow(`a server works on ${directory} already`);
  }
  lockDataDirectory(directory)[Symbol.dispose]();
});

it('is seen by other processes, and ends with kill -9', async () => {
  await using child = await holder();
  const url = 'http://127.0.0.1:3000';
  const server = { url, baseUrl: url, pid: child.pid };
  await writeServerFile(directory, server);

  expect(isDataDirectoryLocked(directory)).toBe(true);
  expect(await findLocalServer(directory)).toEqual(server);
  expect(() => lockDataDirectory(directory)).toThrow(expect.objectContaining({ code: 'server.running' }));

  process.kill(-child.pid, 'SIGKILL');
  await child.exited;

  expect(isDataDirectoryLocked(directory)).toBe(false);
  expect(await findLocalServer(directory)).toBeUndefined();
  lockDataDirectory(directory)[Symbol.dispose]();
});

it('says what is wrong when it cannot be had', () => {
  expect(() => lockDataDirectory('/proc/no-such-folder')).toThrow(
    expect.objectContaining({
      code: 'server.data-directory',
      message: expect.stringContaining('cannot use /proc/no-such-folder/lock as a lock'),
    }),
  );
  expect(isDataDirectoryLocked('/proc/no-such-folder')).toBe(false);
});
