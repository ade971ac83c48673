/** What caches let go, by a process that is killed in the middle of it, and by `proteus cache gc` on a running server. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openFileBlobs } from '../../src/blobs/file/open-file-blobs.ts';
import { openKeptExtras } from '../../src/cache/kept/open-kept-extras.ts';
import { fileWaitMs } from '../../src/cache/retention/create-cache-retention.ts';
import { narKey } from '../../src/cache/stored/nar-file.ts';
import type { CachePathRecord, StoredNarRecord } from '../../src/db/cache-records.ts';
import type { Database } from '../../src/db/database.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { formatBareHash } from '../../src/nix/hash.ts';
import { parseStorePath } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { startProcess } from '../../src/process/start-process.ts';
import { parseEvents, proteus } from '../helpers/proteus.ts';
import { makeAdmin, serve } from '../helpers/serve.ts';
import { makeFolder } from '../helpers/write-network.ts';

const main = 1;
const child = path.join(import.meta.dirname, 'retention.child.ts');
const digitsOf = (n: number): string => `0${n}x`.padEnd(32, '0');
const pathOf = (n: number): string => `/nix/store/${digitsOf(n)}-p${n}`;

/** Paths with real files, each referring to the two before it. */
async function fill(database: Database, folder: string, count: number): Promise<void> {
  await using blobs = await openFileBlobs(folder);
  const nars: StoredNarRecord[] = [];
  const paths: CachePathRecord[] = [];
  for (let n = 0; n < count; n++) {
    const content = Buffer.from(`the NAR of ${n}`);
    const hash = createHash('sha256').update(content).digest();
    const nar: StoredNarRecord = {
      fileHash: formatBareHash({ algorithm: 'sha256', bytes: hash }, 'nix32'),
      ...{ fileSize: content.length, narHash: hash.toString('hex'), narSize: content.length },
      ...{ compression: 'none', createdAt: 1, verifiedAt: 1 },
    };
    await using writer = await blobs.create();
    await writer.write(content);
    await writer.commit(narKey(nar));
    nars.push(nar);
    paths.push({
      ...{ cacheId: main, hashPart: digitsOf(n), path: pathOf(n), narHash: nar.narHash },
      ...{ narSize: nar.narSize, deriver: null, ca: null, signatures: [], fileHash: nar.fileHash },
      ...{ references: [n - 1, n - 2].filter((m) => m >= 0).map(pathOf), addedAt: 1, servedAt: 1 },
    });
  }
  await database.transaction(async (tx) => {
    for (const nar of nars) await tx.storedNars.add(nar);
    await tx.cachePaths.add(main, paths);
  });
}

/** Throws when a path is without what it refers to or its file, or a row of a file without the file. */
async function check(database: Database, folder: string): Promise<readonly CachePathRecord[]> {
  await using blobs = await openFileBlobs(folder);
  const left = await Array.fromAsync(database.cachePaths.all(main));
  const there = new Set(left.map(({ path }) => path));
  const files = new Map<string, StoredNarRecord>();
  for await (const nar of database.storedNars.all()) {
    files.set(nar.fileHash, nar);
    expect(existsSync(blobs.fileOf(narKey(nar)) ?? '')).toBe(true);
  }
  for (const { references, fileHash } of left) {
    for (const reference of references) expect(there).toContain(reference);
    expect(files.has(fileHash)).toBe(true);
  }
  return left;
}

describe('letting caches go', () => {
  it('is killed at any moment, leaves no phantom, and ends its work the next time', async () => {
    const folder = await makeFolder();
    const [file, blobs] = [path.join(folder, 'db'), path.join(folder, 'nars')];
    await using database = await openDatabase(file, { now: () => 1 });
    await fill(database, blobs, 3000);
    await database.caches.setPin({
      ...{ cacheId: main, name: 'host/web01/7', path: pathOf(9), createdAt: 1, expiresAt: null },
    });
    const times = ['5000', String(5000 + fileWaitMs)];
    const start = () => startProcess([process.execPath, child, file, blobs, ...times]);

    for (let round = 0; round < 12; round++) {
      await using running = await start();
      for await (const chunk of running.stdout) if (String(chunk).includes('begun')) break;
      await delay(round * 15);
      // It may have come to its end already.
      await runProcess(['kill', '-KILL', '--', `-${running.pid}`], { okCodes: [0, 1] });
      await running.exited;
      await check(database, blobs);
    }
    await using last = await start();
    let said = '';
    for await (const chunk of last.stdout) said += String(chunk);

    expect(said).toContain('done');
    const left = await check(database, blobs);
    expect(left.map(({ path }) => path).toSorted()).toEqual(
      Array.from({ length: 10 }, (_, n) => pathOf(n)).toSorted(),
    );
    expect(await database.storedNars.totals()).toMatchObject({ files: 10 });
  });

  it('is asked for on a running server: first what would go, then for good', async () => {
    const directory = path.join(await makeFolder(), 'data');
    await using server = await serve(directory);
    const env = { PROTEUS_TOKEN: await makeAdmin(directory), PROTEUS_SERVER: server.url };
    await using database = await openDatabase(path.join(directory, 'proteus.db'), { now: Date.now });
    await fill(database, path.join(directory, 'nars'), 3);
    await database.cachePaths.setServed(main, [digitsOf(0)], Date.now());
    await using blobs = await openFileBlobs(path.join(directory, 'nars'));
    const kept = openKeptExtras({ blobs, database, now: () => 1 });
    const { signal } = new AbortController();
    for (const of of [pathOf(0), pathOf(2)])
      await kept.putLog(main, path.basename(of), Buffer.from('a long story'), signal);
    await kept.putRealisation(main, 'realisation', `sha256:${'0'.repeat(64)}!out`, {
      ...{ path: parseStorePath(pathOf(2)), signatures: [], dependencies: new Map() },
    });
    const logs = async () => (await Array.fromAsync(blobs.list('log/'))).length;
    const gc = async (...flags: readonly string[]) => proteus(['cache', 'gc', ...flags], { env });

    const plan = await gc('--dry-run');
    expect(plan.code).toBe(0);
    expect(plan.stdout).toMatch(/^main +\/nix\/store\/\S+-p2 +\S+ B +nothing keeps it, and it was last /m);
    expect(plan.stdout).toContain('1 paths kept, 2 would be let go');
    expect(plan.stdout).toMatch(/^1 logs \(\d+ B\) and 1 realisations \(\d+ B\) would be deleted$/m);
    expect(await check(database, path.join(directory, 'nars'))).toHaveLength(3);
    expect(await logs()).toBe(2);
    const planned = parseEvents((await gc('--dry-run', '--json')).stdout).at(-1);

    const done = parseEvents((await gc('--json')).stdout).at(-1);
    expect(done).toMatchObject({
      keptPaths: 1,
      total: 2,
      paths: [{ path: pathOf(2) }, { path: pathOf(1) }],
      files: { now: { count: 0 }, later: { count: 2 } },
      dryRun: false,
    });
    const { dryRun: _, ...same } = { ...planned };
    expect(done).toMatchObject({
      ...same,
      extras: { items: [{ kind: 'log', name: path.basename(pathOf(2)) }, { kind: 'realisation' }] },
    });
    expect(await logs()).toBe(1);
    expect(await check(database, path.join(directory, 'nars'))).toHaveLength(1);
  });
});
