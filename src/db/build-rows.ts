/** Reading builds: whole records from ids, outputs fetched for all of them at once. Lists differ in how they find ids. */

import { sql } from 'kysely';
import type { Connection } from './connection.ts';
import { inIds } from './in-list.ts';
import { inPages } from './in-pages.ts';
import type { BuildRecord } from './records.ts';

const columns = [
  'b.id',
  'b.jobset_id as jobsetId',
  'p.name as project',
  's.name as jobset',
  'j.name as job',
  'j.system',
  'b.nix_name as nixName',
  'b.drv_path as drvPath',
  'b.description',
  'b.license',
  'b.homepage',
  'b.maintainers',
  'b.max_silent as maxSilent',
  'b.timeout',
  'b.is_channel as isChannel',
  'b.priority',
  'b.global_priority as globalPriority',
  'b.queued_at as queuedAt',
  'b.started_at as startedAt',
  'b.stopped_at as stoppedAt',
  'b.finished',
  'b.status',
  'b.is_cached as isCached',
  'b.error_message as errorMessage',
  'b.size',
  'b.closure_size as closureSize',
  'b.release_name as releaseName',
  'b.keep',
] as const;

const isCurrent = sql<number>`exists (
  select 1 from evaluation_builds m
  where m.build_id = b.id and m.evaluation_id = s.current_evaluation_id
)`;

/** In the order of the ids; those that do not exist are left out. */
export async function buildsByIds(
  connection: Connection,
  ids: readonly number[],
): Promise<readonly BuildRecord[]> {
  const builds: BuildRecord[] = [];
  for await (const page of inPages(ids)) builds.push(...(await readPage(connection, page)));
  return builds;
}

async function readPage(connection: Connection, ids: readonly number[]): Promise<readonly BuildRecord[]> {
  const { db, dialect } = connection;
  const rows = await db
    .selectFrom('builds as b')
    .innerJoin('jobs as j', 'j.id', 'b.job_id')
    .innerJoin('jobsets as s', 's.id', 'b.jobset_id')
    .innerJoin('projects as p', 'p.id', 's.project_id')
    .select(columns)
    .select(sql<number>`case when ${isCurrent} then 1 else 0 end`.as('isCurrent'))
    .where(inIds(dialect, 'b.id', ids))
    .execute();
  const outputs = await outputsOf(connection, ids);
  const records = new Map(
    rows.map((row) => [
      row.id,
      {
        ...row,
        isChannel: row.isChannel === 1,
        finished: row.finished === 1,
        isCached: row.isCached === 1,
        isCurrent: row.isCurrent === 1,
        keep: row.keep === 1,
        outputs: outputs.get(row.id) ?? {},
      },
    ]),
  );
  return ids.flatMap((id) => records.get(id) ?? []);
}

/** The outputs of each build, sorted by name. */
export async function outputsOf(
  { db, dialect }: Connection,
  ids: readonly number[],
): Promise<ReadonlyMap<number, Readonly<Record<string, string | null>>>> {
  const rows = await db
    .selectFrom('build_outputs')
    .select(['build_id', 'name', 'path'])
    .where(inIds(dialect, 'build_id', ids))
    .orderBy('build_id')
    .orderBy('name')
    .execute();
  const outputs = new Map<number, Record<string, string | null>>();
  for (const { build_id, name, path } of rows) {
    const known = outputs.get(build_id);
    if (known === undefined) outputs.set(build_id, { [name]: path });
    else known[name] = path;
  }
  return outputs;
}
