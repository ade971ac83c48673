/** Tokens of caches. Secrets come as hashes and are never kept. */

import type { Selectable } from 'kysely';
import type { CacheTokenRepository } from './cache-database.ts';
import type { CacheTokenRecord } from './cache-records.ts';
import type { CacheTokenTable } from './cache-schema.ts';
import type { Connection } from './connection.ts';
import { flag } from './flag.ts';

/** Writing down each use would cost more than what the token is for. */
const usedEveryMs = 60_000;

export function createCacheTokenRepository({ db }: Connection): CacheTokenRepository {
  return {
    async list(cacheId) {
      const rows = await db
        .selectFrom('cache_tokens')
        .selectAll()
        .where('cache_id', '=', cacheId)
        .orderBy('id')
        .execute();
      return rows.map(record);
    },
    async create({ cacheId, hash, name, mayPush, createdAt, expiresAt }) {
      const row = await db
        .insertInto('cache_tokens')
        .values({
          cache_id: cacheId,
          hash,
          name,
          may_push: flag(mayPush),
          created_at: createdAt,
          expires_at: expiresAt,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      return record(row);
    },
    async use(hash, now) {
      const row = await db
        .selectFrom('cache_tokens')
        .selectAll()
        .where('hash', '=', hash)
        .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', now)]))
        .executeTakeFirst();
      if (row === undefined) return undefined;
      if (row.last_used_at !== null && now - row.last_used_at < usedEveryMs) return record(row);
      await db.updateTable('cache_tokens').set({ last_used_at: now }).where('id', '=', row.id).execute();
      return record({ ...row, last_used_at: now });
    },
    async delete(cacheId, id) {
      const { numDeletedRows } = await db
        .deleteFrom('cache_tokens')
        .where('cache_id', '=', cacheId)
        .where('id', '=', id)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },
  };
}

function record(row: Selectable<CacheTokenTable>): CacheTokenRecord {
  return {
    id: row.id,
    cacheId: row.cache_id,
    name: row.name,
    mayPush: row.may_push === 1,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
  };
}
