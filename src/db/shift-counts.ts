/**
 * Evaluations carry the counts of their builds, and jobs and jobsets those of their finished ones, so that lists need
 * not count. Whoever changes the status of builds calls `shiftCounts` in the same transaction, after the builds' rows
 * are changed (and so locked): then no evaluation can take the builds over in between without being counted.
 *
 * Rows are locked in the order builds, evaluations, jobs, jobsets, each by their keys, so that no two of these can wait
 * for each other.
 */

import { sql } from 'kysely';
import type { BuildStatus } from './build-status.ts';
import type { Connection } from './connection.ts';
import { inIds } from './in-list.ts';

export type Standing = 'scheduled' | 'succeeded' | 'failed';

export function standing(status: BuildStatus | null): Standing {
  if (status === null) return 'scheduled';
  return status === 0 ? 'succeeded' : 'failed';
}

/** These builds, each once, went from one standing to another. */
export async function shiftCounts(
  connection: Connection,
  ids: readonly number[],
  from: Standing,
  to: Standing,
): Promise<void> {
  if (ids.length === 0 || from === to) return;
  await shiftEvaluations(connection, ids, from, to);
  const finished = Number(from === 'scheduled') - Number(to === 'scheduled');
  if (finished === 0) return;
  await countInJobs(connection, ids, finished);
  await countInJobsets(connection, ids, finished);
}

async function shiftEvaluations(
  { db, dialect }: Connection,
  ids: readonly number[],
  from: Standing,
  to: Standing,
): Promise<void> {
  const affected = db
    .selectFrom('evaluations as e')
    .innerJoin(
      db
        .selectFrom('evaluation_builds')
        .select(['evaluation_id', sql<number>`count(*)`.as('builds')])
        .where(inIds(dialect, 'build_id', ids))
        .groupBy('evaluation_id')
        .as('m'),
      'm.evaluation_id',
      'e.id',
    )
    .select(['e.id', 'm.builds'])
    .orderBy('e.id')
    .$if(dialect === 'postgres', (query) => query.forNoKeyUpdate('e'));
  await db
    .updateTable('evaluations')
    .from(affected.as('a'))
    .set({
      [from]: sql`${sql.ref(from)} - a.builds`,
      [to]: sql`${sql.ref(to)} + a.builds`,
    })
    .whereRef('evaluations.id', '=', 'a.id')
    // One that ended as unchanged meanwhile has given its builds up.
    .where('evaluations.state', '<>', 'unchanged')
    .execute();
}

async function countInJobs({ db, dialect }: Connection, ids: readonly number[], sign: number): Promise<void> {
  const affected = db
    .selectFrom('jobs as j')
    .innerJoin(
      db
        .selectFrom('builds')
        .select(['job_id', sql<number>`count(*)`.as('builds')])
        .where(inIds(dialect, 'id', ids))
        .groupBy('job_id')
        .as('b'),
      'b.job_id',
      'j.id',
    )
    .select(['j.id', 'b.builds'])
    .orderBy('j.id')
    .$if(dialect === 'postgres', (query) => query.forNoKeyUpdate('j'));
  await db
    .updateTable('jobs')
    .from(affected.as('a'))
    .set({ finished: sql`finished + ${sql.lit(sign)} * a.builds` })
    .whereRef('jobs.id', '=', 'a.id')
    .execute();
}

async function countInJobsets(
  { db, dialect }: Connection,
  ids: readonly number[],
  sign: number,
): Promise<void> {
  await db
    .insertInto('finished_builds')
    .columns(['jobset_id', 'system', 'builds'])
    .expression(
      db
        .selectFrom('builds as b')
        .innerJoin('jobs as j', 'j.id', 'b.job_id')
        .select(['j.jobset_id', 'j.system', sql<number>`${sql.lit(sign)} * count(*)`.as('builds')])
        .where(inIds(dialect, 'b.id', ids))
        .groupBy(['j.jobset_id', 'j.system'])
        .orderBy('j.jobset_id')
        .orderBy('j.system'),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['jobset_id', 'system'])
        .doUpdateSet({ builds: sql`finished_builds.builds + excluded.builds` }),
    )
    .execute();
}
