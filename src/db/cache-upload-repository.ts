/** NARs that were sent to a cache, until a path of it has them or they are given up. */

import { sql } from 'kysely';
import type { CacheUploadRepository } from './cache-database.ts';
import type { Connection } from './connection.ts';
import { flag } from './flag.ts';

export function createCacheUploadRepository(connection: Connection): CacheUploadRepository {
  const { db } = connection;
  return {
    begin: ({ cacheId, fileHash, startedAt, madeFile }) =>
      connection.transaction(async ({ db }) => {
        const other = await db
          .selectFrom('cache_uploads')
          .select('cache_id')
          .where('file_hash', '=', fileHash)
          .where('made_file', '=', 1)
          .executeTakeFirst();
        const made = flag(madeFile || other !== undefined);
        await db
          .insertInto('cache_uploads')
          .values({
            cache_id: cacheId,
            file_hash: fileHash,
            started_at: startedAt,
            is_received: 0,
            made_file: made,
          })
          .onConflict((conflict) =>
            conflict
              .columns(['cache_id', 'file_hash'])
              .doUpdateSet({ started_at: startedAt, made_file: made }),
          )
          .execute();
      }),
    async received(cacheId, fileHash, at) {
      await db
        .updateTable('cache_uploads')
        .set({ is_received: 1, started_at: at })
        .where('cache_id', '=', cacheId)
        .where('file_hash', '=', fileHash)
        .execute();
    },
    async has(cacheId, fileHash) {
      const sent = await db
        .selectFrom('cache_uploads')
        .select('cache_id')
        .where('cache_id', '=', cacheId)
        .where('file_hash', '=', fileHash)
        .where('is_received', '=', 1)
        .executeTakeFirst();
      if (sent !== undefined) return true;
      const path = await db
        .selectFrom('cache_paths')
        .select('id')
        .where('file_hash', '=', fileHash)
        .where('cache_id', '=', cacheId)
        .executeTakeFirst();
      return path !== undefined;
    },
    async isPending(fileHash) {
      const row = await db
        .selectFrom('cache_uploads')
        .select('cache_id')
        .where('file_hash', '=', fileHash)
        .executeTakeFirst();
      return row !== undefined;
    },
    async before(time) {
      const rows = await db
        .selectFrom('cache_uploads')
        .selectAll()
        .where('started_at', '<', time)
        .orderBy('started_at')
        .execute();
      return rows.map((row) => ({
        cacheId: row.cache_id,
        fileHash: row.file_hash,
        startedAt: row.started_at,
        isReceived: row.is_received === 1,
        madeFile: row.made_file === 1,
      }));
    },
    remove: (cacheId, fileHash) =>
      connection.transaction(async ({ db }) => {
        const gone = await db
          .deleteFrom('cache_uploads')
          .where('cache_id', '=', cacheId)
          .where('file_hash', '=', fileHash)
          .returning('made_file')
          .executeTakeFirst();
        if (gone?.made_file !== 1) return false;
        const other = await db
          .selectFrom('cache_uploads')
          .select('cache_id')
          .where('file_hash', '=', fileHash)
          .executeTakeFirst();
        return other === undefined;
      }),
    async bytes(cacheId) {
      const files = sql`select file_hash from cache_paths where cache_id = ${cacheId}
        union select file_hash from cache_uploads where cache_id = ${cacheId} and is_received = 1`;
      const { bytes } = await db
        .selectFrom('stored_nars')
        .select(({ fn }) => fn.sum<number | null>('file_size').as('bytes'))
        .where(sql<boolean>`file_hash in (${files})`)
        .executeTakeFirstOrThrow();
      const extras = await db
        .selectFrom('cache_extras')
        .select(({ fn }) => fn.sum<number | null>('file_size').as('bytes'))
        .where('cache_id', '=', cacheId)
        .executeTakeFirstOrThrow();
      return Number(bytes ?? 0) + Number(extras.bytes ?? 0);
    },
  };
}
