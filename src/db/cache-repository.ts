/** Caches and their pins. */

import type { Selectable } from 'kysely';
import { z } from 'zod';
import type { CacheRepository } from './cache-database.ts';
import { lockCache } from './cache-path-rows.ts';
import type { CacheRecord } from './cache-records.ts';
import type { CacheTable } from './cache-schema.ts';
import type { Connection } from './connection.ts';
import { flag } from './flag.ts';
import { mustExist, orTaken } from './taken.ts';

const keyNames = z.array(z.string());

export function createCacheRepository(connection: Connection): CacheRepository {
  const { db } = connection;

  return {
    async list() {
      const rows = await db.selectFrom('caches').selectAll().orderBy('id').execute();
      return rows.map(record);
    },
    async find(name) {
      const row = await db.selectFrom('caches').selectAll().where('name', '=', name).executeTakeFirst();
      return row && record(row);
    },
    create: (cache) =>
      orTaken(`a cache named '${cache.name}'`, async () =>
        record(
          await db
            .insertInto('caches')
            .values({ ...values(cache), name: cache.name, created_at: cache.createdAt })
            .returningAll()
            .executeTakeFirstOrThrow(),
        ),
      ),
    async update(id, cache) {
      const changed = await db
        .updateTable('caches')
        .set(values(cache))
        .where('id', '=', id)
        .executeTakeFirst();
      mustExist(changed, `cache ${id}`);
    },
    delete: (id) =>
      connection.transaction(async (inside) => {
        const { db } = inside;
        await lockCache(inside, id);
        await db
          .deleteFrom('cache_references')
          .where('referrer', 'in', (query) =>
            query.selectFrom('cache_paths').select('id').where('cache_id', '=', id),
          )
          .execute();
        await db.deleteFrom('cache_paths').where('cache_id', '=', id).execute();
        await db.deleteFrom('cache_pins').where('cache_id', '=', id).execute();
        await db.deleteFrom('caches').where('id', '=', id).execute();
      }),
    pins: (id) =>
      db
        .selectFrom('cache_pins')
        .select(['cache_id as cacheId', 'name', 'path', 'created_at as createdAt', 'expires_at as expiresAt'])
        .where('cache_id', '=', id)
        .orderBy('name')
        .execute(),
    setPin: ({ cacheId, name, path, createdAt, expiresAt }) =>
      connection.transaction(async (inside) => {
        await lockCache(inside, cacheId);
        const there = await inside.db
          .selectFrom('cache_paths')
          .select('id')
          .where('cache_id', '=', cacheId)
          .where('hash_part', '=', hashPartOf(path))
          .where('path', '=', path)
          .executeTakeFirst();
        if (there === undefined) return false;
        const pin = { path, created_at: createdAt, expires_at: expiresAt };
        await inside.db
          .insertInto('cache_pins')
          .values({ cache_id: cacheId, name, ...pin })
          .onConflict((conflict) => conflict.columns(['cache_id', 'name']).doUpdateSet(pin))
          .execute();
        return true;
      }),
    async removePin(id, name) {
      const { numDeletedRows } = await db
        .deleteFrom('cache_pins')
        .where('cache_id', '=', id)
        .where('name', '=', name)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },
    async bytes(id) {
      const { bytes } = await db
        .selectFrom('stored_nars')
        .select(({ fn }) => fn.sum<number | null>('file_size').as('bytes'))
        .where('file_hash', 'in', (query) =>
          query.selectFrom('cache_paths').select('file_hash').where('cache_id', '=', id),
        )
        .executeTakeFirstOrThrow();
      return Number(bytes ?? 0);
    },
  };
}

/** The 32 digits of `/nix/store/<32 digits>-name`. */
function hashPartOf(path: string): string {
  const start = '/nix/store/'.length;
  return path.slice(start, start + 32);
}

function values({ priority, isPrivate, quota, keys }: Omit<CacheRecord, 'id' | 'name' | 'createdAt'>) {
  return { priority, is_private: flag(isPrivate), quota, keys: JSON.stringify(keys) };
}

function record(row: Selectable<CacheTable>): CacheRecord {
  return {
    id: row.id,
    name: row.name,
    priority: row.priority,
    isPrivate: row.is_private === 1,
    quota: row.quota,
    keys: keyNames.parse(JSON.parse(row.keys)),
    createdAt: row.created_at,
  };
}
