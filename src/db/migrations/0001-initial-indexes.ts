/**
 * The indexes of the first schema. Those of builds are mostly partial: what lists show is finished, what the scheduler
 * wants is not, and a build changes sides once. Their names say what they are for.
 */

import { type Kysely, sql } from 'kysely';

export async function createInitialIndexes(db: Kysely<unknown>): Promise<void> {
  const index = (name: string, table: string, columns: readonly string[]) =>
    db.schema
      .createIndex(name)
      .on(table)
      .columns([...columns]);

  await index('evaluations_of_jobset', 'evaluations', ['jobset_id', 'id']).execute();
  await index('evaluations_in_lists', 'evaluations', ['jobset_id', 'id'])
    .where(sql.ref('has_new_builds'), '=', sql.lit(1))
    .execute();
  await index('evaluation_errors_of', 'evaluation_errors', ['evaluation_id']).execute();
  await index('evaluations_of_build', 'evaluation_builds', ['build_id', 'evaluation_id']).execute();

  const finished = [sql.ref('finished'), '=', sql.lit(1)] as const;
  await index('builds_finished_by_job', 'builds', ['job_id', 'id'])
    .where(...finished)
    .execute();
  await index('builds_finished_by_jobset', 'builds', ['jobset_id', 'id'])
    .where(...finished)
    .execute();
  await index('builds_finished_by_id', 'builds', ['id', 'job_id', 'jobset_id'])
    .where(...finished)
    .execute();
  await index('builds_good', 'builds', ['job_id', 'status', 'id'])
    .where(sql.ref('status'), 'in', sql`(0, 6)`)
    .execute();
  const succeeded = [sql.ref('status'), '=', sql.lit(0)] as const;
  await index('builds_succeeded', 'builds', ['id'])
    .where(...succeeded)
    .execute();
  await index('builds_succeeded_by_jobset', 'builds', ['jobset_id', 'id'])
    .where(...succeeded)
    .execute();
  await db.schema
    .createIndex('builds_queue')
    .on('builds')
    .columns(['global_priority desc', 'priority desc', 'id'])
    .where(sql.ref('finished'), '=', sql.lit(0))
    .execute();
  await index('builds_kept', 'builds', ['id']).where(sql.ref('keep'), '=', sql.lit(1)).execute();
  await index('builds_of_job', 'builds', ['job_id', 'id']).execute();
  await index('builds_of_jobset', 'builds', ['jobset_id']).execute();
  await index('builds_by_drv', 'builds', ['drv_path']).execute();
  await index('build_outputs_by_path', 'build_outputs', ['path']).execute();
  await index('aggregates_of', 'constituents', ['constituent_id']).execute();

  await index('steps_by_drv', 'steps', ['drv_path']).execute();
  await index('steps_running', 'steps', ['build_id', 'number'])
    .where(sql.ref('status'), 'is', null)
    .execute();
  await index('steps_ended', 'steps', ['stopped_at', 'build_id', 'number'])
    .where(sql.ref('status'), 'is not', null)
    .execute();

  await index('jobset_renames_of', 'jobset_renames', ['jobset_id']).execute();
  await index('queued_per_hour_of', 'queued_per_hour', ['jobset_id']).execute();
  await index('sessions_of', 'sessions', ['user_name']).execute();
  await index('tokens_of', 'tokens', ['user_name']).execute();
}
