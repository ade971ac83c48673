/** Several processes with the same files and the same database, played by several in one. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlobStore } from '../../blobs/blob-store.ts';
import { openFileBlobs } from '../../blobs/file/open-file-blobs.ts';
import type { Database } from '../../db/database.ts';
import { openDatabase } from '../../db/open-database.ts';
import { createNarClaims } from './create-nar-claims.ts';
import { createNarThreads } from './create-nar-threads.ts';
import { openStoredNars } from './open-stored-nars.ts';
import type { StoredNars } from './stored-nars.ts';
import { fileNar, inPieces } from './testing/stored-fixture.ts';

const threads = createNarThreads();
let folder: string;
let blobs: BlobStore;
let here: Database;
let there: Database;
let one: StoredNars;
let other: StoredNars;
const faults: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'proteus-shared-'));
  blobs = await openFileBlobs(path.join(folder, 'nars'));
  [here, there] = [await open(), await open()];
  const onFault = (message: string): void => void faults.push(message);
  one = await openStoredNars({ blobs, database: here, threads, onFault, followMs: 5 });
  other = await openStoredNars({ blobs, database: there, threads, onFault, followMs: 5 });
});
afterEach(async () => {
  for (const each of [one, other, here, there]) await each[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
  if (faults.length > 0) throw new Error(`faults in the background: ${faults.splice(0).join()}`);
});

const open = (): Promise<Database> => openDatabase(path.join(folder, 'db'), { now: Date.now });

describe('files that several processes have', () => {
  it('are known to the others soon, and gone there when they are removed', async () => {
    const { bytes, content } = fileNar(50_000);
    const before = other.version();
    const nar = await one.materialise(content, () => inPieces(bytes));
    expect(await other.find(nar.fileHash)).toEqual(nar);
    await expect.poll(() => other.byNarHash(content.narHash)).toEqual(nar);
    expect(other.version()).not.toBe(before);

    expect(await other.remove(nar.fileHash)).toBe(true);
    await expect.poll(() => one.byFileHash(nar.fileHash)).toBeUndefined();
    expect(await one.find(nar.fileHash)).toBeUndefined();
  });

  it('are made once for all of them', async () => {
    const { bytes, content } = fileNar(200_000);
    let opened = 0;
    const slowly = async function* () {
      opened += 1;
      for await (const piece of inPieces(bytes, 20_000)) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        yield piece;
      }
    };
    const made = await Promise.all([one, other].map((nars) => nars.materialise(content, slowly)));

    expect(opened).toBe(1);
    expect(made[0]).toEqual(made[1]);
    expect(one.counters.materialised + other.counters.materialised).toBe(1);
  });

  it('are made by another when the first cannot', async () => {
    const { bytes, content } = fileNar(50_000);
    const failing = one.materialise(content, async function* () {
      yield* inPieces(bytes.subarray(0, 1000));
      await new Promise((resolve) => setTimeout(resolve, 50));
      throw new Error('its store is gone');
    });
    const made = other.materialise(content, () => inPieces(bytes));

    await expect(failing).rejects.toThrow('its store is gone');
    expect(await made).toMatchObject(content);
  });

  it('are all read again by one that missed more changes than are kept', async () => {
    const first = fileNar(1000);
    const gone = await one.materialise(first.content, () => inPieces(first.bytes));
    await expect.poll(() => other.byFileHash(gone.fileHash)).toEqual(gone);
    await here.transaction(async (tx) => {
      await tx.storedNars.remove(gone.fileHash);
      for (let n = 0; n < 10_001; n++) {
        await tx.storedNars.add({ ...gone, fileHash: `f${n}`, narHash: `n${n}` });
      }
    });

    await expect.poll(() => other.byFileHash('f10000')).toMatchObject({ narHash: 'n10000' });
    expect(other.byFileHash('f0')).toMatchObject({ narHash: 'n0' });
    expect(other.byFileHash(gone.fileHash)).toBeUndefined();
  });
});

describe('a claim', () => {
  it('of one that was killed is over after its span', async () => {
    let time = 0;
    const { signal } = new AbortController();
    const claims = createNarClaims({ database: here, now: () => time, signal, lookMs: 1 });
    await there.storedNars.claim('content', 'killed', { now: 0, until: 30_000 });
    let isDone = false;
    const looks: number[] = [];
    const found = async () => {
      looks.push(time);
      time += 10_000;
      return undefined;
    };
    await claims.hold('content', found, async () => {
      isDone = true;
      return 'made';
    });

    expect([isDone, looks]).toEqual([true, [0, 10_000, 20_000, 30_000]]);
    expect(await there.storedNars.claim('content', 'next', { now: 0, until: 1 })).toBe(true);
  });

  it('is given up by one that ends', async () => {
    const closing = new AbortController();
    const claims = createNarClaims({ database: here, now: () => 0, signal: closing.signal, lookMs: 5 });
    await there.storedNars.claim('content', 'other', { now: 0, until: 30_000 });
    const waiting = claims.hold(
      'content',
      async () => undefined,
      async () => 'made',
    );
    closing.abort();

    await expect(waiting).rejects.toMatchObject({ code: 'interrupted' });
  });
});
