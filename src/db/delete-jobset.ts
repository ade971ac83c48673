import type { Connection } from './connection.ts';
import { inIds } from './in-list.ts';
import { inPages } from './in-pages.ts';

/**
 * Deletes a jobset with all that is its own. To be called in a transaction. Its builds go by the page: in one
 * statement, SQLite would keep the whole server waiting for seconds.
 */
export async function deleteJobset({ db, dialect }: Connection, id: number): Promise<void> {
  const builds = await db
    .selectFrom('builds')
    .select('id')
    .where('jobset_id', '=', id)
    .orderBy('id')
    .execute();
  for await (const page of inPages(builds.map((build) => build.id)))
    await db
      .deleteFrom('builds')
      .where(inIds(dialect, 'id', page))
      .execute();
  await db.deleteFrom('jobsets').where('id', '=', id).execute();
}
