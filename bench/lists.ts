/**
 * Lists of a database with a million builds, each against the 100 ms that a page may take (the 95th of 100 calls), and
 * what the server does in bulk: reading the whole queue, and adding the jobs of an evaluation.
 *
 *   npm run bench -- lists [--json] [--sqlite] [--postgres] [--builds N] [--rounds N]
 *
 * SQLite unless told otherwise; a PostgreSQL is started for it. docs/performance.md says what came out.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from '../src/db/connect.ts';
import type { Dialect } from '../src/db/connection.ts';
import type { Database } from '../src/db/database.ts';
import { openDatabase } from '../src/db/open-database.ts';
import { PostgresCluster } from '../test/db/postgres-cluster.ts';
import { begin, job } from '../test/db/samples.ts';
import { type BenchCase, benchCase } from './bench-case.ts';
import { listCalls } from './lists/list-calls.ts';
import { type ListsArgs, parseListsArgs } from './lists/parse-lists-args.ts';
import { percentile } from './lists/percentile.ts';
import { type Seed, seed } from './lists/seed.ts';

const limitMs = 100;
const queueLimitMs = 1000;
const addedPerSecond = 5000;
const addedAtOnce = 1000;

export async function* bench(argv: readonly string[]): AsyncGenerator<BenchCase> {
  const args = parseListsArgs(argv);
  for (const dialect of args.dialects) {
    await using place = await makeRoom(dialect);
    const seeded = await fill(place.url, dialect, args.builds);
    await using database = await openDatabase(place.url, { now: Date.now });
    yield* measure(database, seeded, args);
  }
}

async function makeRoom(dialect: Dialect): Promise<AsyncDisposable & { readonly url: string }> {
  if (dialect === 'postgres') {
    const cluster = await PostgresCluster.create(['fsync=off', 'shared_buffers=256MB', 'max_wal_size=8GB']);
    return { url: cluster.url('postgres'), [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() };
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-lists-'));
  return {
    url: path.join(folder, 'proteus.sqlite'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

async function fill(url: string, dialect: Dialect, builds: number): Promise<Seed> {
  await using _ = await openDatabase(url, { now: Date.now });
  const connection = connect(url);
  try {
    const before = performance.now();
    const seeded = await seed(connection.db, dialect, builds);
    progress(`${dialect}: ${seeded.builds} builds in ${Math.round((performance.now() - before) / 1000)} s`);
    return seeded;
  } finally {
    await connection.db.destroy();
  }
}

async function* measure(database: Database, seeded: Seed, { rounds }: ListsArgs): AsyncGenerator<BenchCase> {
  const { dialect } = database;
  for (const list of listCalls(seeded)) {
    const { name } = list;
    const times: number[] = [];
    let found = 0;
    for (let round = 0; round < rounds; round += 1) {
      const before = performance.now();
      found = Math.max(found, await list.call(database, round));
      times.push(performance.now() - before);
    }
    progress(`${dialect} ${name}: up to ${found} rows, worst ${Math.max(...times).toFixed(1)} ms`);
    const shared = { bench: 'lists', unit: 'ms', peer: [limitMs], peerName: 'limit' };
    yield benchCase({ ...shared, case: `${dialect} ${name}, p50`, ours: [percentile(times, 0.5)] });
    yield benchCase({
      ...shared,
      case: `${dialect} ${name}, p95`,
      ours: [percentile(times, 0.95)],
      atMost: 1,
    });
  }
  yield benchCase({
    bench: 'lists',
    case: `${dialect} builds.queued, ${seeded.queued}`,
    unit: 'ms',
    ours: await repeat(5, () => readQueue(database, seeded.queued)),
    peer: [queueLimitMs],
    peerName: 'limit',
    atMost: 1,
  });
  yield benchCase({
    bench: 'lists',
    case: `${dialect} evaluations.addJobs, ${addedAtOnce} at once`,
    unit: 'builds/s',
    ours: await repeat(10, (round) => addJobs(database, round)),
    peer: [addedPerSecond],
    peerName: 'limit',
    atLeast: 1,
  });
}

async function repeat(times: number, action: (round: number) => Promise<number>): Promise<number[]> {
  const results: number[] = [];
  for (let round = 0; round < times; round += 1) results.push(await action(round));
  return results;
}

async function readQueue({ builds }: Database, expected: number): Promise<number> {
  const before = performance.now();
  let count = 0;
  for await (const _ of builds.queued()) count += 1;
  if (count !== expected) throw new Error(`${count} builds are queued, not ${expected}`);
  return performance.now() - before;
}

/** Returns builds per second. */
async function addJobs({ evaluations, ...database }: Database, round: number): Promise<number> {
  const id = await begin({ evaluations, ...database }, 1);
  const jobs = Array.from({ length: addedAtOnce }, (_, index) => job(`added-${index}`, round));
  const before = performance.now();
  await evaluations.addJobs(id, jobs, Date.now());
  const seconds = (performance.now() - before) / 1000;
  await evaluations.finish(id, { state: 'done', at: Date.now(), evaluationMs: 0, errorMessage: null });
  return addedAtOnce / seconds;
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}
