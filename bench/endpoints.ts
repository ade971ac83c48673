/**
 * The lists of the HTTP API over a database with a million builds: each address against the 100 ms that it may take (the
 * 95th of 100 requests), from the request to the last byte of the answer, without a network between.
 *
 *   npm run bench -- endpoints [--json] [--builds N] [--rounds N]
 *
 * On SQLite, where the database works in the same process. docs/performance.md says what came out.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createApi } from '../src/api/create-api.ts';
import { createFakeCi } from '../src/api/testing/fake-ci.ts';
import { createAccess } from '../src/ci/access/create-access.ts';
import { connect } from '../src/db/connect.ts';
import type { Database } from '../src/db/database.ts';
import { openDatabase } from '../src/db/open-database.ts';
import { type BenchCase, benchCase } from './bench-case.ts';
import { parseListsArgs } from './lists/parse-lists-args.ts';
import { percentile } from './lists/percentile.ts';
import { type Seed, seed } from './lists/seed.ts';

const limitMs = 100;

export async function* bench(argv: readonly string[]): AsyncGenerator<BenchCase> {
  const { builds, rounds } = parseListsArgs(argv);
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-endpoints-'));
  try {
    const file = path.join(folder, 'proteus.sqlite');
    const seeded = await fill(file, builds);
    await using database = await openDatabase(file, { now: Date.now });
    yield* measure(database, seeded, rounds);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function fill(file: string, builds: number): Promise<Seed> {
  await using _ = await openDatabase(file, { now: Date.now });
  const { db } = connect(file);
  try {
    return await seed(db, 'sqlite', builds);
  } finally {
    await db.destroy();
  }
}

async function* measure(database: Database, seeded: Seed, rounds: number): AsyncGenerator<BenchCase> {
  const api = createApi({
    ci: createFakeCi(database, Date.now).ci,
    access: createAccess({ users: database.users, now: Date.now }),
    settings: { webhookSecrets: { github: [], gitea: [] }, version: '0' },
    inputTypes: [],
    storeFilesAt: undefined,
    nixLogDirectory: undefined,
    now: Date.now,
    onFault: (message, error) => {
      throw new Error(message, { cause: error });
    },
  });
  for (const [name, address] of addresses(seeded)) {
    const times: number[] = [];
    let bytes = 0;
    for (let round = 0; round < rounds; round += 1) {
      const before = performance.now();
      const response = await api.request(address(round), { headers: { Accept: 'application/json' } });
      const text = await response.text();
      times.push(performance.now() - before);
      if (!response.ok) throw new Error(`${address(round)} answered ${response.status}: ${text}`);
      bytes = Math.max(bytes, text.length);
    }
    process.stderr.write(`${name}: up to ${bytes} bytes, worst ${Math.max(...times).toFixed(1)} ms\n`);
    const shared = { bench: 'endpoints', unit: 'ms', peer: [limitMs], peerName: 'limit' };
    yield benchCase({ ...shared, case: `${name}, p50`, ours: [percentile(times, 0.5)] });
    yield benchCase({ ...shared, case: `${name}, p95`, ours: [percentile(times, 0.95)], atMost: 1 });
  }
}

/** By name; what is asked for changes with the round. */
function addresses(seeded: Seed): readonly (readonly [string, (round: number) => string])[] {
  const spread = (round: number, most: number): number => ((round * 7919) % most) + 1;
  const project = (n: number): string => `project${n % 5}`;
  const jobset = (n: number): string => `${project(n)}/jobset${n % 20}`;
  const job = (n: number): string => `pkgs.group${(n * 7) % 25}.package-${(n * 7) % seeded.jobs}`;
  const evaluation = (n: number): number => spread(n, seeded.evaluations * seeded.jobsets);
  const build = (n: number): number => spread(n, seeded.builds);
  return [
    ['/', () => '/'],
    ['/project/P', (n) => `/project/${project(n)}`],
    ['/api/jobsets', (n) => `/api/jobsets?project=${project(n)}`],
    ['/jobset/P/J/evals', (n) => `/jobset/${jobset(n)}/evals?page=${(n % 5) + 1}`],
    ['/evals', (n) => `/evals?page=${n + 1}`],
    ['/eval/N', (n) => `/eval/${evaluation(n)}`],
    ['/eval/N/builds', (n) => `/eval/${evaluation(n)}/builds`],
    ['/eval/N/store-paths', (n) => `/eval/${evaluation(n)}/store-paths`],
    ['/build/N', (n) => `/build/${build(n)}`],
    ['/build/N/constituents', (n) => `/build/${build(n)}/constituents`],
    ['/queue', () => '/queue'],
    ['/queue-summary', () => '/queue-summary'],
    ['/status', () => '/status'],
    ['/steps', (n) => `/steps?page=${n + 1}`],
    ['/all', (n) => `/all?page=${spread(n, 1000)}`],
    ['/project/P/all', (n) => `/project/${project(n)}/all?page=${n + 1}`],
    ['/jobset/P/J/all', (n) => `/jobset/${jobset(n)}/all?page=${n + 1}`],
    ['/job/P/J/JOB/all', (n) => `/job/${jobset(n)}/${job(n)}/all`],
    ['/job/P/J/JOB', (n) => `/job/${jobset(n)}/${job(n)}`],
    ['/job/P/J/JOB/build-times', (n) => `/job/${jobset(n)}/${job(n)}/build-times`],
    ['/job/P/J/JOB/metric/M', (n) => `/job/${jobset(n)}/${job(n)}/metric/size`],
    ['/api/latestbuilds?nr=100', () => '/api/latestbuilds?nr=100'],
    [
      '/api/latestbuilds of a jobset',
      (n) => `/api/latestbuilds?nr=100&project=${project(n)}&jobset=jobset${n % 20}`,
    ],
    ['/api/queue?nr=100', () => '/api/queue?nr=100'],
    ['/api/nrqueue', () => '/api/nrqueue'],
    ['/api/nrbuilds by day', () => '/api/nrbuilds?nr=60&period=day'],
    ['/search for a job', (n) => `/search?query=package-${n % 50}`],
    ['/search for a path', (n) => `/search?query=/nix/store/${String(n).padStart(32, '0')}-x`],
    ['/api/v1/server', () => '/api/v1/server'],
    ['/api/v1/builds/N', (n) => `/api/v1/builds/${build(n)}`],
    ['/api/v1/evaluations/N', (n) => `/api/v1/evaluations/${evaluation(n)}`],
    ['/api/v1/evaluations/N/errors', (n) => `/api/v1/evaluations/${evaluation(n)}/errors`],
  ];
}
