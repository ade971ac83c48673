/** What adding and removing paths of caches have in common. */

import { AppError } from '../util/app-error.ts';
import type { Connection } from './connection.ts';
import { inIds } from './in-list.ts';

/**
 * Makes whoever else adds to or takes from this cache wait until the transaction has ended, so that what one of them has
 * checked stays true. On SQLite there is only one transaction at a time anyway. Throws `db.missing`.
 */
export async function lockCache({ db, dialect }: Connection, id: number): Promise<void> {
  const row = await db
    .selectFrom('caches')
    .select('id')
    .where('id', '=', id)
    .$if(dialect === 'postgres', (query) => query.forUpdate())
    .executeTakeFirst();
  if (row === undefined) throw new AppError('db.missing', `there is no cache ${id} any more`);
}

/** Ids of the caches that have this file, ascending: whoever locks several locks them in the same order. */
export async function cacheOfPaths({ db }: Connection, fileHash: string): Promise<readonly number[]> {
  const rows = await db
    .selectFrom('cache_paths')
    .select('cache_id')
    .distinct()
    .where('file_hash', '=', fileHash)
    .orderBy('cache_id')
    .execute();
  return rows.map((row) => row.cache_id);
}

/** Removes them with what they refer to; nothing else may refer to them. */
export async function removePaths({ db, dialect }: Connection, ids: readonly number[]): Promise<void> {
  await db
    .deleteFrom('cache_references')
    .where(inIds(dialect, 'referrer', ids))
    .execute();
  await db
    .deleteFrom('cache_paths')
    .where(inIds(dialect, 'id', ids))
    .execute();
}
