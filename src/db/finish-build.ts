/** The end of a build: its row, outputs, products and metrics, and the counts of its evaluations. */

import type { Connection } from './connection.ts';
import type { BuildEnd } from './database.ts';
import { flag } from './flag.ts';
import { insertRows } from './insert-rows.ts';
import { shiftCounts, standing } from './shift-counts.ts';

/** To be called in a transaction. False, and nothing changes, when it was finished already or is gone. */
export async function finishBuild(connection: Connection, id: number, end: BuildEnd): Promise<boolean> {
  const { db } = connection;
  const { numUpdatedRows } = await db
    .updateTable('builds')
    .set({
      finished: 1,
      status: end.status,
      started_at: end.startedAt,
      stopped_at: end.stoppedAt,
      is_cached: flag(end.isCached),
      error_message: end.errorMessage ?? null,
      size: end.size ?? null,
      closure_size: end.closureSize ?? null,
      release_name: end.releaseName ?? null,
    })
    .where('id', '=', id)
    .where('finished', '=', 0)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;

  for (const [name, path] of Object.entries(end.outputs ?? {}))
    await db
      .insertInto('build_outputs')
      .values({ build_id: id, name, path })
      .onConflict((conflict) => conflict.columns(['build_id', 'name']).doUpdateSet({ path }))
      .execute();
  await db.deleteFrom('build_products').where('build_id', '=', id).execute();
  await insertRows(
    connection,
    'build_products',
    (end.products ?? []).map(({ number, type, subtype, name, path, defaultPath, fileSize, sha256 }) => ({
      build_id: id,
      number,
      type,
      subtype,
      name,
      path,
      default_path: defaultPath,
      file_size: fileSize,
      sha256,
    })),
  );
  await db.deleteFrom('build_metrics').where('build_id', '=', id).execute();
  // A file of metrics may name one twice: the last counts.
  const metrics = new Map((end.metrics ?? []).map((metric) => [metric.name, metric]));
  await insertRows(
    connection,
    'build_metrics',
    [...metrics.values()].map(({ name, value, unit }) => ({ build_id: id, name, value, unit })),
  );
  await shiftCounts(connection, [id], 'scheduled', standing(end.status));
  return true;
}
