/** Takes out what a lost file leaves behind: the paths that have it, and all that refer to them in any number of steps. */

import { cacheOfPaths, lockCache, removePaths } from './cache-path-rows.ts';
import type { Connection } from './connection.ts';
import { inIds } from './in-list.ts';

/** Within a transaction. Says which went. */
export async function withdrawNar(
  connection: Connection,
  fileHash: string,
): Promise<readonly { readonly cacheId: number; readonly hashPart: string; readonly path: string }[]> {
  const { db, dialect } = connection;
  for (const id of await cacheOfPaths(connection, fileHash)) await lockCache(connection, id);
  const holders = await db.selectFrom('cache_paths').select('id').where('file_hash', '=', fileHash).execute();
  const ids = new Set(holders.map(({ id }) => id));
  for (let level = [...ids]; level.length > 0; ) {
    const referrers = await db
      .selectFrom('cache_references')
      .select('referrer')
      .distinct()
      .where(inIds(dialect, 'reference', level))
      .execute();
    level = referrers.map(({ referrer }) => referrer).filter((id) => !ids.has(id));
    for (const id of level) ids.add(id);
  }
  if (ids.size === 0) return [];
  const rows = await db
    .selectFrom('cache_paths')
    .select(['cache_id as cacheId', 'hash_part as hashPart', 'path'])
    .where(inIds(dialect, 'id', [...ids]))
    .orderBy('cache_id')
    .orderBy('hash_part')
    .execute();
  await removePaths(connection, [...ids]);
  return rows;
}
