/**
 * The end of an evaluation. `done` with something new, or with another number of builds than the current evaluation:
 * its builds become the jobset's current ones. `done` with nothing new: it is `unchanged` and gives its builds up, which
 * the current evaluation has all the same. `failed` and `cancelled` keep what was queued, and change nothing current.
 */

import { AppError } from '../util/app-error.ts';
import type { Connection } from './connection.ts';
import type { EvaluationEnd } from './database.ts';
import { flag } from './flag.ts';
import { lockEvaluation } from './lock-evaluation.ts';

/** To be called in a transaction. Ending it again changes nothing. */
export async function finishEvaluation(
  connection: Connection,
  id: number,
  end: EvaluationEnd,
): Promise<void> {
  const { db } = connection;
  await lockEvaluation(connection, id);
  const evaluation = await db
    .selectFrom('evaluations as e')
    .innerJoin('jobsets as s', 's.id', 'e.jobset_id')
    .leftJoin('evaluations as c', 'c.id', 's.current_evaluation_id')
    .select(['e.state', 'e.jobset_id as jobsetId', 'e.total', 'c.total as currentTotal'])
    .where('e.id', '=', id)
    .executeTakeFirst();
  if (evaluation === undefined) throw new AppError('db.missing', `there is no evaluation ${id} any more`);
  if (evaluation.state !== 'evaluating') return;

  const newBuild = await db
    .selectFrom('evaluation_builds')
    .select('build_id')
    .where('evaluation_id', '=', id)
    .where('is_new', '=', 1)
    .limit(1)
    .executeTakeFirst();
  const isChange =
    newBuild !== undefined || (end.state === 'done' && evaluation.total !== evaluation.currentTotal);
  const isUnchanged = end.state === 'done' && !isChange;
  await db
    .updateTable('evaluations')
    .set({
      state: isUnchanged ? 'unchanged' : end.state,
      finished_at: end.at,
      evaluation_ms: end.evaluationMs,
      error_message: end.errorMessage,
      has_new_builds: flag(isChange),
      ...(isUnchanged ? { total: 0, scheduled: 0, succeeded: 0, failed: 0 } : {}),
    })
    .where('id', '=', id)
    .execute();
  if (isUnchanged) {
    await db.deleteFrom('evaluation_builds').where('evaluation_id', '=', id).execute();
  } else if (end.state === 'done') {
    await db
      .updateTable('jobsets')
      .set({ current_evaluation_id: id })
      .where('id', '=', evaluation.jobsetId)
      .execute();
  }
}
