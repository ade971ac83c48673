/** What is wrong after chaos, in words; nothing, when every job is right, nothing was done twice and nothing is left. */

import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRetention } from '../../src/ci/retention/create-retention.ts';
import { openGcRoots } from '../../src/ci/retention/gc-roots.ts';
import type { Database } from '../../src/db/database.ts';
import type { BuildRecord, StepRecord } from '../../src/db/records.ts';
import { isStorePath } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { openStore } from '../../src/store/open-store.ts';
import { expectedBuilds } from './chaos-jobs.ts';
import type { ChaosWorld } from './chaos-world.ts';
import { listProcesses } from './processes.ts';

/** Every evaluation is that of a pushed revision: the number by the hash. */
export type Revisions = ReadonlyMap<string, number>;

/** While the server runs and has nothing to do. */
export async function checkBuilds(world: ChaosWorld, revisions: Revisions): Promise<readonly string[]> {
  const { database, jobset } = world;
  const problems: string[] = [];
  const current = await database.evaluations.latest(jobset.id);
  const newest = [...revisions.values()].at(-1);
  if (current === undefined || revisionOf(current, revisions) !== newest) {
    problems.push(`the last evaluation is not that of revision ${newest}`);
  }
  const seen = new Set<number>();
  const runs = new Map<string, StepRecord[]>();
  const { rows } = await database.evaluations.page({ jobsetId: jobset.id }, { offset: 0, limit: 10_000 });
  for (const evaluation of rows) {
    const revision = revisionOf(evaluation, revisions);
    const expected = expectedBuilds(revision ?? -1);
    const builds = await database.evaluations.builds(evaluation.id);
    const isLast = evaluation.id === rows[0]?.id;
    if (isLast && builds.length !== expected.size) {
      problems.push(`evaluation ${evaluation.id} has ${builds.length} builds instead of ${expected.size}`);
    }
    for (const build of builds) {
      problems.push(...(await checkBuild(world, build, evaluation.id, expected.get(build.job))));
      if (seen.has(build.id)) continue;
      seen.add(build.id);
      // Two builds of one derivation may share what was run for one of them.
      const own = await successfulRuns(world, build);
      if (own.length > 0) runs.set(build.drvPath, [...(runs.get(build.drvPath) ?? []), ...own]);
    }
  }
  for (const [drvPath, steps] of runs) {
    if (steps.length < 2) continue;
    const when = steps.map(
      ({ buildId, builder, startedAt, stoppedAt }) =>
        `for build ${buildId} on ${builder} from ${startedAt} to ${stoppedAt}`,
    );
    problems.push(`${drvPath} was built ${steps.length} times: ${when.join(', ')}`);
  }
  return problems;
}

/** Of its own derivation, not counting what other builds ran. */
async function successfulRuns({ database }: ChaosWorld, build: BuildRecord): Promise<readonly StepRecord[]> {
  const steps = await database.steps.of(build.id);
  return steps.filter(
    ({ drvPath, type, status, propagatedFrom }) =>
      drvPath === build.drvPath && type === 'build' && status === 0 && propagatedFrom === null,
  );
}

function revisionOf(
  evaluation: Awaited<ReturnType<Database['evaluations']['get']>>,
  revisions: Revisions,
): number | undefined {
  return revisions.get(evaluation?.inputs[0]?.revision ?? '');
}

async function checkBuild(
  world: ChaosWorld,
  build: BuildRecord,
  evaluationId: number,
  expected: { readonly status: number; readonly text: string | undefined } | undefined,
): Promise<readonly string[]> {
  const { database, directory, server } = world;
  const name = `build ${build.id} (${build.job}, evaluation ${evaluationId})`;
  if (expected === undefined) return [`${name} is of no job of that revision`];
  if (build.status !== expected.status) {
    return [`${name} has status ${build.status} instead of ${expected.status}: ${build.errorMessage}`];
  }
  const problems: string[] = [];
  const { out } = build.outputs;
  if (expected.text !== undefined && (await readFile(out ?? '', 'utf8').catch(String)) !== expected.text) {
    problems.push(`${name}: ${out} does not hold ${JSON.stringify(expected.text)}`);
  }
  const steps = await database.steps.of(build.id);
  if (steps.some(({ status }) => status === null)) problems.push(`${name} has a step that is not over`);
  for (const { logFile, number } of steps) {
    if (logFile === null) continue;
    const file = join(directory, 'logs', logFile);
    if (!existsSync(file) && !existsSync(`${file}.zst`)) problems.push(`${name}: step ${number} has no log`);
  }
  if (build.status === 0 && out) {
    const answer = await fetch(`${server?.url}/${out.slice(11, 43)}.narinfo`);
    const text = await answer.text();
    if (answer.status !== 200 || !text.includes('Sig: '))
      problems.push(`${name}: the cache does not have ${out}`);
  }
  return problems;
}

/** After the server has ended. */
export async function checkLeft(world: ChaosWorld): Promise<readonly string[]> {
  return [...(await checkProcesses()), ...(await checkRoots(world))];
}

async function checkProcesses(): Promise<readonly string[]> {
  const left = async (): Promise<readonly string[]> => {
    const all = await listProcesses();
    // Builders keep their sshd; all else of Nix, ssh and ours has no business here any more.
    return all
      .filter(({ command }) => /nix-daemon|\bnix\b.*repl|^ssh |git |bin\/proteus|src\/main/.test(command))
      .map(({ pid, command }) => `process ${pid} is left: ${command.slice(0, 200)}`);
  };
  for (let attempt = 0; attempt < 30; attempt++) {
    if ((await left()).length === 0) return [];
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return left();
}

async function checkRoots({ database, directory }: ChaosWorld): Promise<readonly string[]> {
  const problems: string[] = [];
  await using store = await openStore({ type: 'local' });
  const wanted = new Set<string>();
  for await (const { path } of database.builds.retained(Date.now())) wanted.add(path);
  const valid = await store.queryValidPaths([...wanted].filter(isStorePath));
  const roots = await openGcRoots(join(directory, 'gcroots'), store, Date.now);
  const there = new Set<string>((await roots.list()).map(({ path }) => path));
  for (const path of valid) if (!there.has(path)) problems.push(`${path} is wanted and has no root`);

  // As if the hour were over in which roots are left alone.
  const later = () => Date.now() + 2 * 3_600_000;
  const retention = createRetention({
    database,
    store,
    roots: await openGcRoots(join(directory, 'gcroots'), store, later),
    now: later,
  });
  const { kept, removed } = await retention.apply();
  if (kept !== valid.size) problems.push(`${kept} roots are kept for ${valid.size} paths`);
  for (const { path } of removed) if (valid.has(path as never)) problems.push(`${path} lost its root`);
  await store[Symbol.asyncDispose]();

  await runProcess(['nix-store', '--gc']);
  const { stdout } = await runProcess(['nix-store', '--gc', '--print-live']);
  const live = new Set(stdout.split('\n'));
  for (const path of valid) if (!live.has(path)) problems.push(`${path} was taken by the garbage collector`);
  const temporary = await readdir('/nix/var/nix/temproots');
  if (temporary.length > 0) problems.push(`temporary roots of ${temporary.join(', ')} are left`);
  return problems;
}
