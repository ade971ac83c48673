/** A cache on a real database, with its files in a folder or in S3, and processes that work on it and are killed. */

import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openNarBlobs } from '../../../src/blobs/open-nar-blobs.ts';
import { openDatabase } from '../../../src/db/open-database.ts';
import { startProcess } from '../../../src/process/start-process.ts';
import { startS3Server } from '../../blobs/s3-server.ts';
import { makeFolder } from '../../helpers/write-network.ts';
import { type CacheCheck, checkCache } from './check-cache.ts';
import { cacheName, firstAt } from './fault-samples.ts';

const child = path.join(import.meta.dirname, 'fault.child.ts');

/** When a process is killed: right after that step of its (a number, or `KIND#NUMBER`), or so long after it has begun. */
export type Kill = { readonly step: number | string } | { readonly afterMs: number } | undefined;

export interface Round {
  /** All steps until its end. */
  readonly steps: readonly string[];
  readonly isDone: boolean;
}

export interface FaultWorld extends AsyncDisposable {
  run(round: number, kill?: Kill): Promise<Round>;
  /** As the next process finds it; then nothing that nobody knows is left. */
  check(): Promise<CacheCheck>;
}

export async function createFaultWorld(kind: 'file' | 's3', url?: string): Promise<FaultWorld> {
  const folder = await makeFolder();
  await using stack = new AsyncDisposableStack();
  const s3 = kind === 's3' ? stack.use(await startS3Server()) : undefined;
  const place = s3?.url('/some/prefix') ?? path.join(folder, 'nars');
  const staging = path.join(folder, 'staging');
  const writing = kind === 's3' ? staging : path.join(place, '.writing');
  const env = { ...process.env, ...s3?.env };
  const database = stack.use(await openDatabase(url ?? path.join(folder, 'db'), { now: () => firstAt }));
  await database.caches.create({
    ...{ name: cacheName, priority: 30, isPrivate: false, quota: null, keys: [], createdAt: 1 },
  });
  const owned = stack.move();

  return {
    async run(round, kill) {
      const step = kill !== undefined && 'step' in kill ? [String(kill.step)] : [];
      const flags = ['--disable-warning=ExperimentalWarning', child];
      await using running = await startProcess(
        [process.execPath, ...flags, url ?? path.join(folder, 'db'), place, staging, String(round), ...step],
        { env },
      );
      let said = '';
      let errors = '';
      let isOver = false;
      void running.exited.then(() => {
        isOver = true;
      });
      running.stderr.on('data', (chunk: Buffer) => {
        errors += String(chunk);
      });
      running.stdout.on('data', (chunk: Buffer) => {
        const isBegun = said.includes('begun\n');
        said += String(chunk);
        if (isBegun || !said.includes('begun\n') || kill === undefined || !('afterMs' in kill)) return;
        void delay(kill.afterMs).then(() => {
          // It may have ended by itself.
          if (!isOver) process.kill(running.pid, 'SIGKILL');
        });
      });
      const { code, signal } = await running.exited;
      const isDone = said.endsWith('done\n');
      if (!isDone && signal !== 'SIGKILL') throw new Error(`round ${round} ended with ${code}:\n${errors}`);
      const steps = said.split('\n').filter((line) => !['', 'begun', 'done'].includes(line));
      return { steps, isDone };
    },
    async check() {
      await using blobs = await openNarBlobs(place, { staging, env });
      const left = await readdir(writing);
      const found = await checkCache(database, blobs);
      return { ...found, problems: [...found.problems, ...left.map((file) => `${file} is half written`)] };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
