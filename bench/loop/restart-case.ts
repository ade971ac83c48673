/**
 * A restart with very many unfinished builds in the database, all of which are in the store already but the last: how
 * long it is from the start of the server until its step starts, and until none is unfinished any more.
 */

import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { jobsetRecord } from '../../src/ci/testing/records.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import type { NewBuild } from '../../src/db/records.ts';
import { encodeNar } from '../../src/nix/nar-writer.ts';
import type { StorePath } from '../../src/nix/store-path.ts';
import { storePathName } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { type BenchCase, benchCase } from '../bench-case.ts';
import { instantiateWorkload } from '../dispatch/workloads.ts';
import { type LoopData, makeLoopData, makeProject, startLoopServer } from './loop-server.ts';
import type { LoopArgs } from './parse-loop-args.ts';

const limitMs = 5000;
const atOnce = 1000;

interface Job {
  readonly drvPath: StorePath;
  readonly output: string;
}

export async function* restartCase(
  { builds, rounds }: LoopArgs,
  say: (text: string) => void,
): AsyncGenerator<BenchCase> {
  say(`restart: making ${builds} derivations`);
  const jobs = await describe(await instantiateWorkload('independent', 'loop', builds - 1));
  await makeValid(jobs);
  const first: number[] = [];
  const all: number[] = [];
  for (let round = 1; round <= Math.min(rounds, 3); round += 1) {
    const fresh = await describe(await instantiateWorkload('independent', `loop-${round}`, 1));
    await using data = await makeLoopData();
    await queue(data, [...jobs, ...fresh]);
    const beganAt = performance.now();
    await using server = await startLoopServer(data);
    first.push(await server.until('step.started', beganAt));
    say(`restart, round ${round}: first step after ${Math.round(first.at(-1) ?? 0)} ms`);
    while ((await server.database.builds.countUnfinished()) > 0) {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    all.push(performance.now() - beganAt);
    say(
      `restart, round ${round}: all after ${Math.round(all.at(-1) ?? 0)} ms, load ${loadavg()[0]?.toFixed(1)}`,
    );
  }
  const common = { bench: 'loop', unit: 'ms', peerName: 'the limit', peer: first.map(() => limitMs) };
  yield benchCase({ ...common, case: `restart, ${builds} builds: first step`, ours: first, atMost: 1 });
  yield benchCase({ ...common, case: `restart, ${builds} builds: all finished`, ours: all });
}

async function describe(drvPaths: readonly StorePath[]): Promise<readonly Job[]> {
  const argv = ['xargs', 'nix-store', '--query', '--outputs'] as const;
  const { stdout } = await runProcess(argv, { input: drvPaths.join('\n') });
  const outputs = stdout.trim().split('\n');
  return drvPaths.map((drvPath, index) => ({ drvPath, output: outputs[index] ?? '' }));
}

/** Puts the outputs into the store as if they had been built: empty files, and rows that describe them. */
async function makeValid(jobs: readonly Job[]): Promise<void> {
  for (const { output } of jobs) await writeFile(output, '');
  const nar = Buffer.concat([
    ...encodeNar({ type: 'regular', contents: Buffer.alloc(0), executable: false }),
  ]);
  const narHash = createHash('sha256').update(nar).digest('hex');
  // Path, hash and size of the NAR, deriver, number of references.
  const rows = jobs.map(({ drvPath, output }) => `${output}\n${narHash}\n${nar.length}\n${drvPath}\n0\n`);
  await runProcess(['nix-store', '--load-db'], { input: rows.join('') });
}

/** Writes the builds into the database as an evaluation does. */
async function queue({ databaseUrl }: LoopData, jobs: readonly Job[]): Promise<void> {
  await using database = await openDatabase(databaseUrl, { now: Date.now });
  const jobset = await database.jobsets.create(await makeProject(database), jobsetRecord());
  const id = await database.evaluations.begin({
    jobsetId: jobset.id,
    startedAt: 1,
    checkoutMs: 0,
    inputHash: '',
    flake: null,
    nixExprInput: 'src',
    nixExprPath: 'release.nix',
    inputs: [],
  });
  for (let at = 0; at < jobs.length; at += atOnce) {
    const batch = jobs.slice(at, at + atOnce).map((job, index) => newBuild(job, at + index));
    await database.evaluations.addJobs(id, batch, 1);
  }
  await database.evaluations.finish(id, { state: 'done', at: 2, evaluationMs: 1, errorMessage: null });
}

function newBuild({ drvPath, output }: Job, index: number): NewBuild {
  return {
    job: `job-${index}`,
    nixName: storePathName(drvPath).replace(/\.drv$/, ''),
    system: 'x86_64-linux',
    drvPath,
    outputs: { out: output },
    description: null,
    license: null,
    homepage: null,
    maintainers: null,
    maxSilent: null,
    timeout: null,
    isChannel: false,
    priority: 100,
  };
}
