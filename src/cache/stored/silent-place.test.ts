/** Files in an S3 that has stopped to say anything: nobody is told anything wrong, and a stop waits for nothing. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { BlobStore } from '../../blobs/blob-store.ts';
import { openS3Blobs } from '../../blobs/s3/open-s3-blobs.ts';
import { type SilentServer, startSilentServer } from '../../blobs/s3/testing/silent-server.ts';
import type { StoredNarRecord } from '../../db/cache-records.ts';
import { fileNar, gather, inPieces, openStoredFixture } from './testing/stored-fixture.ts';

const nar: StoredNarRecord = {
  ...{ fileHash: '0'.repeat(52), fileSize: 100, narHash: 'ab'.repeat(32), narSize: 400 },
  ...{ compression: 'zstd', createdAt: 1, verifiedAt: 1 },
};
const { bytes, content } = fileNar(50_000);

let server: SilentServer;
let staging: string;
beforeEach(async () => {
  server = await startSilentServer();
  staging = await mkdtemp(path.join(tmpdir(), 'proteus-staging-'));
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(staging, { recursive: true });
});

async function open(timeoutMs: number): Promise<BlobStore> {
  const blobs = await openS3Blobs(server.place(timeoutMs), { staging });
  server.answers = '';
  server.requests = [];
  return blobs;
}

it('ends reading and making files with what is the matter, and gives nothing up', async () => {
  await using blobs = await open(100);
  await using fixture = await openStoredFixture({ blobs });
  const { nars, database, faults } = fixture;
  await database.storedNars.add(nar);
  const { signal } = new AbortController();
  const unreachable = {
    code: 'blobs.unreachable',
    message: expect.stringContaining('there was no answer for'),
  };

  await expect(gather(nars.read(nar, { start: 0, end: 9 }, signal))).rejects.toMatchObject(unreachable);
  await expect(gather(nars.unpack(nar, { start: 0, end: 9 }, signal))).rejects.toMatchObject(unreachable);
  await expect(nars.verify(nar)).rejects.toMatchObject(unreachable);
  await expect(nars.repair(nar)).rejects.toMatchObject(unreachable);
  await expect(nars.materialise(content, () => inPieces(bytes))).rejects.toMatchObject(unreachable);
  expect(await database.storedNars.byFileHash(nar.fileHash)).toEqual(nar);
  expect(faults).toEqual([]);
});

it('is not waited for when the files are closed', async () => {
  await using blobs = await open(60_000);
  const fixture = await openStoredFixture({ blobs });
  const { nars, database } = fixture;
  await database.storedNars.add(nar);
  const { signal } = new AbortController();
  const underWay = [
    gather(nars.read(nar, { start: 0, end: 9 }, signal)),
    nars.repair(nar),
    nars.materialise(content, () => inPieces(bytes)),
  ];
  for (const one of underWay) one.catch(() => {});
  await expect.poll(() => server.requests.length).toBeGreaterThanOrEqual(2);
  await fixture[Symbol.asyncDispose]();

  const ended = await Promise.allSettled(underWay);
  expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
});
