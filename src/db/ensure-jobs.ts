/** The ids of jobs by their names; those that are not there are made. */

import type { Connection } from './connection.ts';
import { inTexts } from './in-list.ts';
import { chunks } from './insert-rows.ts';
import { known } from './known.ts';
import type { NewBuild } from './records.ts';

export interface JobIds {
  readonly of: (job: NewBuild) => number;
  /** By id, of every system that one of the names has. */
  readonly names: ReadonlyMap<number, string>;
}

/** To be called in a transaction. */
export async function ensureJobs(
  { db, dialect }: Connection,
  jobsetId: number,
  jobs: readonly NewBuild[],
): Promise<JobIds> {
  const ids = new Map(jobs.map(({ job }) => [job, new Map<string, number>()]));
  const read = async (): Promise<void> => {
    const rows = await db
      .selectFrom('jobs')
      .select(['id', 'name', 'system'])
      .where('jobset_id', '=', jobsetId)
      .where(inTexts(dialect, 'name', [...ids.keys()]))
      .execute();
    for (const { id, name, system } of rows) ids.get(name)?.set(system, id);
  };
  await read();
  const missing = jobs.filter(({ job, system }) => !ids.get(job)?.has(system));
  if (missing.length === 0) return jobIds(ids);
  for (const chunk of chunks(missing.map(({ job, system }) => ({ jobset_id: jobsetId, name: job, system }))))
    await db
      .insertInto('jobs')
      .values(chunk)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  await read();
  return jobIds(ids);
}

function jobIds(ids: ReadonlyMap<string, ReadonlyMap<string, number>>): JobIds {
  return {
    of: ({ job, system }) => known(known(ids, job), system),
    names: new Map([...ids].flatMap(([name, bySystem]) => [...bySystem.values()].map((id) => [id, name]))),
  };
}
