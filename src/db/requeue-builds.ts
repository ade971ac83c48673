/**
 * Queues finished builds again, under the same ids. What a build was before is forgotten but for its products, metrics
 * and sizes, which stay until it is finished again.
 */

import type { Connection } from './connection.ts';
import { inIds } from './in-list.ts';
import { shiftCounts, standing } from './shift-counts.ts';

/** To be called in a transaction. Returns those that were finished, ascending. */
export async function requeueBuilds(
  connection: Connection,
  ids: readonly number[],
): Promise<readonly number[]> {
  const { db, dialect } = connection;
  const finished = await db
    .selectFrom('builds')
    .select(['id', 'status'])
    .where(inIds(dialect, 'id', ids))
    .where('finished', '=', 1)
    .orderBy('id')
    .$if(dialect === 'postgres', (query) => query.forNoKeyUpdate())
    .execute();
  if (finished.length === 0) return [];
  const finishedIds = finished.map(({ id }) => id);
  await db
    .updateTable('builds')
    .set({ finished: 0, status: null, is_cached: 0, started_at: null, stopped_at: null, error_message: null })
    .where(inIds(dialect, 'id', finishedIds))
    .execute();
  const groups = Map.groupBy(finished, ({ status }) => standing(status));
  for (const from of ['succeeded', 'failed'] as const) {
    const group = groups.get(from) ?? [];
    await shiftCounts(
      connection,
      group.map(({ id }) => id),
      from,
      'scheduled',
    );
  }
  return finishedIds;
}
