/**
 * Evaluations carry the counts of their builds, and jobs the number of their finished ones, so that lists need not
 * count. Whoever changes the status of builds calls `shiftCounts` in the same transaction, after the builds' rows are
 * changed (and so locked): then no evaluation can take the builds over in between without being counted.
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
  { db, dialect }: Connection,
  ids: readonly number[],
  from: Standing,
  to: Standing,
): Promise<void> {
  if (ids.length === 0 || from === to) return;
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
    // In the same order everywhere, so that two of these cannot wait for each other.
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

  const finished = Number(from === 'scheduled') - Number(to === 'scheduled');
  if (finished !== 0) await countFinished({ db, dialect }, ids, finished);
}

async function countFinished(
  { db, dialect }: Pick<Connection, 'db' | 'dialect'>,
  ids: readonly number[],
  sign: number,
): Promise<void> {
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
