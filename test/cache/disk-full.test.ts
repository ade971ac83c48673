/** What becomes of a cache when the disk with its files, or with its database, is full; and when it is not any more. */

import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openFileBlobs } from '../../src/blobs/file/open-file-blobs.ts';
import { startCacheServer } from '../../src/cache/start-cache-server.ts';
import { put, type SampleUpload, sampleUpload, upload } from '../../src/cache/testing/test-site.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { printNarInfo } from '../../src/nix/print-narinfo.ts';
import { generateSecretKey } from '../../src/nix/signing-key.ts';
import { storePathHash } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { openStore } from '../../src/store/open-store.ts';
import { openStoreDatabase } from '../../src/store/store-database.ts';
import { proteus } from '../helpers/proteus.ts';
import { serve } from '../helpers/serve.ts';
import { makeFolder } from '../helpers/write-network.ts';
import { buildPath } from './build-path.ts';

const mounts: string[] = [];
afterEach(async () => {
  // Whatever a test that failed has left running on it.
  for (const mount of mounts.splice(0)) await runProcess(['umount', '--lazy', mount]);
});

/** A disk of so many MiB. */
async function smallDisk(mebibytes: number): Promise<string> {
  const folder = path.join(await makeFolder(), 'disk');
  await mkdir(folder);
  await runProcess(['mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder]);
  mounts.push(folder);
  return folder;
}
async function enlarge(folder: string, mebibytes: number): Promise<void> {
  await runProcess(['mount', '-o', `remount,size=${mebibytes}m`, folder]);
}

async function startServer(settings: string) {
  const folder = await makeFolder();
  const [config, directory] = [path.join(folder, 'proteus.toml'), path.join(folder, 'data')];
  await writeFile(config, settings);
  const server = await serve(directory, { args: ['--config', config] });
  const args = ['cache', 'token', 'create', 'main', 'ci', '--push', '--config', config];
  const made = await proteus([...args, '--data-directory', directory]);
  expect([made.code, made.code === 0 ? '' : made.stderr]).toEqual([0, '']);
  return Object.assign(server, { token: made.stdout.trim() });
}

/** One that gets no smaller, of so many MiB. */
function large(name: string, mebibytes: number): SampleUpload {
  return sampleUpload(name, [], {
    tree: { type: 'regular', contents: randomBytes(mebibytes * 2 ** 20) },
  });
}

describe('a full disk', () => {
  it('of files refuses uploads with 507, says so once, and takes them again when there is space', async () => {
    const disk = await smallDisk(6);
    await using server = await startServer(`[nars]\nat = ${JSON.stringify(disk)}\n`);
    const { url, token } = server;
    const sample = large('large', 8);
    const send = () => put(`${url}/${sample.name}`, sample.file, token);
    const [refused, again] = [await send(), await send()];

    expect([refused.status, again.status]).toEqual([507, 507]);
    expect(refused.text).toMatch(/ENOSPC.*\nMake space there/s);
    expect(await readdir(path.join(disk, '.writing'))).toEqual([]);
    expect((await put(`${url}/${sample.hashPart}.narinfo`, printNarInfo(sample.info), token)).status).toBe(
      422,
    );
    expect((await fetch(`${url}/${sample.name}`)).status).toBe(404);
    const told = server
      .log()
      .split('\n')
      .filter((line) => line.includes('ENOSPC'));
    expect(told).toHaveLength(1);
    expect(await upload(url, sampleUpload('small'), token)).toBe(200);

    await enlarge(disk, 64);
    expect(await upload(url, sample, token)).toBe(200);
    expect((await (await fetch(`${url}/${sample.name}`)).bytes()).length).toBe(sample.file.length);
  });

  it('of files keeps nothing of the store as a file, serves it as before, and goes on by itself', async () => {
    const disk = await smallDisk(6);
    const faults: string[] = [];
    await using stack = new AsyncDisposableStack();
    const store = stack.use(await openStore({ type: 'local' }));
    const storeDatabase = stack.use(await openStoreDatabase());
    const blobs = stack.use(await openFileBlobs(disk));
    const database = stack.use(await openDatabase(path.join(await makeFolder(), 'db'), { now: Date.now }));
    const server = stack.use(
      await startCacheServer({
        ...{
          store,
          database: storeDatabase,
          keys: [generateSecretKey('full-1')],
          host: '127.0.0.1',
          port: 0,
        },
        keep: { blobs, database, accel: undefined, retryMs: 50 },
        onFault: (message) => faults.push(message),
      }),
    );
    const built = await buildPath('too-large', 'dd if=/dev/urandom of=$out bs=1M count=8');
    const narinfo = async () => (await fetch(`${server.url}/${storePathHash(built)}.narinfo`)).text();
    const size = async () => {
      const url = /^URL: (.*)$/m.exec(await narinfo())?.[1];
      return (await (await fetch(`${server.url}/${url}`)).bytes()).length;
    };
    server.stored?.materialiser.want([built], 'built');
    await expect.poll(() => faults.length).toBe(1);
    // Long enough for it to try some times more.
    const tries = 5;
    for (let n = 0; n < tries; n++) expect(await size()).toBeGreaterThan(8 * 2 ** 20);

    expect(faults).toEqual([
      expect.stringMatching(/^\/nix\/store\/\S+-too-large cannot be stored yet: .*ENOSPC/),
    ]);
    expect(await narinfo()).toMatch(/^URL: nar\/[0-9a-z]{32}-[0-9a-z]{52}\.nar$/m);
    expect(server.stored?.materialiser.waiting).toBe(1);
    await enlarge(disk, 64);
    await server.stored?.materialiser.idle();
    expect(await narinfo()).toMatch(/^URL: nar\/[0-9a-z]{52}\.nar$/m);
    expect(await size()).toBeGreaterThan(8 * 2 ** 20);
    expect(await readdir(path.join(disk, '.writing'))).toEqual([]);
    expect(faults).toHaveLength(1);
  });

  it('of the database refuses uploads before their body, serves what is there, and goes on by itself', async () => {
    const disk = await smallDisk(12);
    await using server = await startServer(`database = ${JSON.stringify(path.join(disk, 'db'))}\n`);
    const { url, token } = server;
    const before = sampleUpload('before');
    expect(await upload(url, before, token)).toBe(200);
    const built = await buildPath('while-full', 'echo while full > $out');
    const filler = path.join(disk, 'filler');
    const { bavail, bsize } = await statfs(disk);
    await writeFile(filler, Buffer.alloc(bavail * bsize));

    const sample = sampleUpload('after');
    const refused = await put(`${url}/${sample.name}`, sample.file, token);
    expect(refused.status).toBe(503);
    expect(refused.text).toMatch(/database or disk is full.*\n.*how full the disk is/s);
    expect((await put(`${url}/${sample.hashPart}.narinfo`, printNarInfo(sample.info), token)).status).toBe(
      422,
    );
    for (const hashPart of [before.hashPart, storePathHash(built)]) {
      expect((await fetch(`${url}/${hashPart}.narinfo`)).status).toBe(200);
    }
    expect((await fetch(`${url}/${before.name}`)).status).toBe(200);
    expect((await fetch(`${url}/${sample.hashPart}.narinfo`)).status).toBe(404);

    await rm(filler);
    expect(await upload(url, sample, token)).toBe(200);
    expect((await fetch(`${url}/${sample.name}`)).status).toBe(200);
  });
});
