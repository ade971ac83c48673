/** New builds, with what is known of their outputs, counted in the hour they are queued in. */

import { sql } from 'kysely';
import type { Connection } from './connection.ts';
import type { JobIds } from './ensure-jobs.ts';
import { flag } from './flag.ts';
import { chunks, insertRows } from './insert-rows.ts';
import { known } from './known.ts';
import type { NewBuild } from './records.ts';

const hourMs = 3_600_000;

/** To be called in a transaction. Returns their ids, in the order of the jobs. */
export async function insertBuilds(
  connection: Connection,
  jobsetId: number,
  jobs: readonly NewBuild[],
  jobIds: JobIds,
  at: number,
): Promise<readonly number[]> {
  const { db } = connection;
  const rows = jobs.map((job) => ({
    jobset_id: jobsetId,
    job_id: jobIds.of(job),
    nix_name: job.nixName,
    drv_path: job.drvPath,
    description: job.description,
    license: job.license,
    homepage: job.homepage,
    maintainers: job.maintainers,
    max_silent: job.maxSilent,
    timeout: job.timeout,
    is_channel: flag(job.isChannel),
    priority: job.priority,
    queued_at: at,
  }));
  const byJob = new Map<number, number>();
  for (const chunk of chunks(rows)) {
    const made = await db.insertInto('builds').values(chunk).returning(['id', 'job_id']).execute();
    for (const row of made) byJob.set(row.job_id, row.id);
  }
  const ids = jobs.map((job) => known(byJob, jobIds.of(job)));
  await insertRows(
    connection,
    'build_outputs',
    jobs.flatMap((job, index) =>
      Object.entries(job.outputs).map(([name, path]) => ({ build_id: ids[index] ?? 0, name, path })),
    ),
  );
  const perSystem = Map.groupBy(jobs, ({ system }) => system);
  for (const [system, { length }] of [...perSystem].sort(([a], [b]) => (a < b ? -1 : 1))) {
    await db
      .insertInto('queued_per_hour')
      .values({ hour: Math.floor(at / hourMs), jobset_id: jobsetId, system, builds: length })
      .onConflict((conflict) =>
        conflict
          .columns(['hour', 'jobset_id', 'system'])
          .doUpdateSet({ builds: sql`queued_per_hour.builds + excluded.builds` }),
      )
      .execute();
  }
  return ids;
}
