/** What must be true when all is quiet again; each sentence says one thing that is not. */

import { lstat, lutimes, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Database } from '../../src/db/database.ts';
import { expectedStatus } from './chaos-jobs.ts';

export async function verify(
  database: Database,
  directory: string,
  generations: number,
): Promise<readonly string[]> {
  return [...(await wrongBuilds(database, generations)), ...(await wrongRoots(database, directory))];
}

async function wrongBuilds(database: Database, generations: number): Promise<readonly string[]> {
  const wrong: string[] = [];
  const { rows, total } = await database.builds.page({}, { offset: 0, limit: 100_000 });
  if ((await database.builds.countUnfinished()) > 0) wrong.push('some builds are not finished');
  const successes = new Map<string, number>();
  const seen = new Map<string, number>();
  for (const { id, job, nixName, status } of rows) {
    seen.set(nixName, (seen.get(nixName) ?? 0) + 1);
    if (status !== expectedStatus[job]) wrong.push(`build ${id} (${nixName}) has status ${status}`);
    for (const step of await database.steps.of(id)) {
      if (step.stoppedAt === null) wrong.push(`step ${step.number} of build ${id} has not ended`);
      if (step.status !== 0 || step.type !== 'build' || step.propagatedFrom !== null) continue;
      successes.set(step.drvPath, (successes.get(step.drvPath) ?? 0) + 1);
    }
  }
  for (const [name, count] of seen) if (count > 1) wrong.push(`there are ${count} builds of ${name}`);
  for (const [drvPath, count] of successes) if (count > 1) wrong.push(`${drvPath} was built ${count} times`);
  // A generation may be passed over when the next one was pushed before it was looked at; the last one may not.
  const last = Object.keys(expectedStatus).filter(
    (job) => !rows.some((row) => row.job === job && row.isCurrent),
  );
  if (last.length > 0) wrong.push(`the last generation has no build of ${last.join(', ')}`);
  if (total > generations * Object.keys(expectedStatus).length)
    wrong.push(`there are ${total} builds, too many`);
  return wrong;
}

async function wrongRoots(database: Database, directory: string): Promise<readonly string[]> {
  const wanted = new Set<string>();
  for await (const { path } of database.builds.retained()) wanted.add(path.slice('/nix/store/'.length));
  return (await rootsIn(directory))
    .map((file) => basename(file))
    .filter((name) => !wanted.has(name))
    .map((name) => `${name} has a root that no row wants`);
}

/** Makes all roots look old, so that retention may remove those that nobody wants. */
export async function ageRoots(directory: string): Promise<void> {
  const longAgo = new Date(Date.now() - 86_400_000);
  for (const file of await rootsIn(directory)) await lutimes(file, longAgo, longAgo);
}

async function rootsIn(directory: string): Promise<readonly string[]> {
  const folder = join(directory, 'gcroots');
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const files = names.map((name) => join(folder, name));
  const links = await Promise.all(files.map(async (file) => (await lstat(file)).isSymbolicLink()));
  return files.filter((_, at) => links[at]);
}
