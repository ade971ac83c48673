/**
 * What a server does with files and paths, in a process that can be killed: it makes files out of a store, takes uploads in
 * and lets go what earlier rounds have put there, all at the same time.
 *
 *     fault.child.ts DATABASE PLACE STAGING ROUND [STEP]
 *
 * It kills itself right after that step: the one of a number, or as `KIND#NUMBER` the one of a number of its kind. It writes a line for each step, and `done` at its end.
 */

import { writeSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { openNarBlobs } from '../../../src/blobs/open-nar-blobs.ts';
import { openKeptExtras } from '../../../src/cache/kept/open-kept-extras.ts';
import { createCacheRetention, fileWaitMs } from '../../../src/cache/retention/create-cache-retention.ts';
import { createMaterialiser } from '../../../src/cache/stored/create-materialiser.ts';
import { openStoredNars } from '../../../src/cache/stored/open-stored-nars.ts';
import type { SampleUpload } from '../../../src/cache/testing/test-site.ts';
import { offerOfNarInfo } from '../../../src/cache/upload/offered-path.ts';
import { publishPaths } from '../../../src/cache/upload/publish-paths.ts';
import { createNarReceiver } from '../../../src/cache/upload/receive-nar.ts';
import { sweepUploads } from '../../../src/cache/upload/sweep-uploads.ts';
import { openDatabase } from '../../../src/db/open-database.ts';
import { formatBareHash } from '../../../src/nix/hash.ts';
import type { PathInfo } from '../../../src/store/store.ts';
import { cacheName, firstAt, graceMs, roundMs, samplesOf } from './fault-samples.ts';
import { steppingBlobs, steppingDatabase } from './fault-steps.ts';

const [url = '', place = '', staging = '', roundText = '', stepText] = process.argv.slice(2);
const round = Number(roundText);
const [, deadlyKind, deadlyNumber] = /^(?:(.+)#)?(\d+)$/.exec(stepText ?? '') ?? [];
let steps = 0;
const onStep = (name: string): void => {
  // At once: what comes out later may not come out at all.
  writeSync(1, `${name}\n`);
  if (deadlyKind === undefined || deadlyKind === name) steps += 1;
  if (steps === Number(deadlyNumber)) process.kill(process.pid, 'SIGKILL');
};

const began = firstAt + round * roundMs;
let now = began;
await using realBlobs = await openNarBlobs(place, { staging, env: process.env });
await using realDatabase = await openDatabase(url, { now: () => now });
const blobs = steppingBlobs(realBlobs, onStep);
const database = steppingDatabase(realDatabase, onStep);
const cache = await database.caches.find(cacheName);
if (cache === undefined) throw new Error(`there is no cache ${cacheName}`);
const fail = (message: string): never => {
  throw new Error(message);
};
await using stored = await openStoredNars({ blobs, database, now: () => now });
const { signal } = new AbortController();
const { built, uploaded } = samplesOf(round);
writeSync(1, 'begun\n');

const infos = new Map(
  built.map(({ path, info }): [string, PathInfo] => [
    path,
    {
      ...{ path, narSize: info.narSize, references: info.references, deriver: undefined },
      narHash: formatBareHash(info.narHash, 'base16'),
      ...{ registrationTime: 1, ultimate: true, signatures: [], contentAddress: '' },
    },
  ]),
);
await using materialiser = createMaterialiser({
  nars: stored,
  cacheId: cache.id,
  paths: database.cachePaths,
  storeDatabase: { lookupPath: (path) => infos.get(path) },
  roots: { keep: async () => ({ async [Symbol.asyncDispose]() {} }) },
  async *dump({ path }) {
    const { nar } = built.find((sample) => sample.path === path) ?? fail(`${path} is not there`);
    for (let at = 0; at < nar.length; at += 50_000) yield new Uint8Array(nar.subarray(at, at + 50_000));
  },
  onAdded() {},
  onFault: (message) => fail(message),
  now: () => now,
});

const receiver = createNarReceiver({
  uploads: database.cacheUploads,
  extras: database.cacheExtras,
  stored,
  limits: { maxFileBytes: 1e9, maxNarBytes: 1e9 },
  now: () => now,
});
async function upload({ file, info, hashPart }: SampleUpload): Promise<void> {
  const pieces = Array.from({ length: Math.ceil(file.length / 50_000) }, (_, n) =>
    Buffer.from(file.subarray(n * 50_000, (n + 1) * 50_000)),
  );
  // All that is looked at of a request are its headers and its body.
  const req = Object.assign(Readable.from(pieces), { headers: {} }) as unknown as IncomingMessage;
  const offer = offerOfNarInfo(info, hashPart);
  const { fileHash } = offer;
  const request = { kind: 'nar', fileHash, compression: 'zstd' } as const;
  await receiver.receive(req, request, { id: cache?.id ?? 0, quota: null }, { start() {}, signal });
  await publishPaths(
    [offer],
    { record: { id: cache?.id ?? 0 }, added() {} },
    { database, stored, now: () => now },
    signal,
  );
}

const retention = createCacheRetention({
  database,
  async *wanted() {},
  async *liveContents() {},
  kept: openKeptExtras({ blobs, database, now: () => now }),
  removeFile: (fileHash) => stored.remove(fileHash),
  graceMs,
  now: () => now,
});

await Promise.all([
  materialiser.keep(
    built.map(({ path }) => path),
    signal,
  ),
  (async () => {
    for (const sample of uploaded) await upload(sample);
  })(),
  sweepUploads({ uploads: database.cacheUploads, stored, now: () => now }, signal),
  retention.apply(),
]);
now = began + fileWaitMs;
await retention.apply();
writeSync(1, 'done\n');
