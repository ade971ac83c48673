/**
 * What caches keep beside paths. A log or realisation belongs to paths: to those that the derivation of the log made, or
 * the derivation itself; to the path that the realisation speaks of. It is let go when none of them is left.
 */

import { type Selectable, sql } from 'kysely';
import { AppError } from '../util/app-error.ts';
import type { CacheExtraRepository } from './cache-database.ts';
import { lockCache } from './cache-path-rows.ts';
import type { CacheExtraRecord } from './cache-records.ts';
import type { CacheExtraTable } from './cache-schema.ts';
import { createCacheUploadRepository } from './cache-upload-repository.ts';
import type { Connection } from './connection.ts';
import { inIds, inTexts } from './in-list.ts';
import { chunks } from './insert-rows.ts';

const pageSize = 1000;
/** Stands among the build IDs of a content for having looked at it: most have none. */
const lookedAt = '';
/** True while a path is there that it belongs to. */
const hasOwner = sql<boolean>`exists (select 1 from cache_paths as p where p.cache_id = e.cache_id
  and case e.kind when 'log' then p.path = e.owner or p.deriver = e.owner else p.hash_part = e.owner end)`;

export function createCacheExtraRepository(connection: Connection): CacheExtraRepository {
  const { db } = connection;
  const select = (cacheId: number, kind: CacheExtraRecord['kind']) =>
    db.selectFrom('cache_extras').selectAll().where('cache_id', '=', cacheId).where('kind', '=', kind);

  return {
    async find(cacheId, kind, name) {
      const row = await select(cacheId, kind).where('name', '=', name).executeTakeFirst();
      return row && record(row);
    },
    add: (extra) => connection.transaction((inside) => add(inside, extra)),
    async *files() {
      for (let last = 0; ; ) {
        const rows = await db
          .selectFrom('cache_extras')
          .selectAll()
          .where('id', '>', last)
          .where('file', 'is not', null)
          .orderBy('id')
          .limit(pageSize)
          .execute();
        yield* rows.map(record);
        if (rows.length < pageSize) return;
        last = rows.at(-1)?.id ?? last;
      }
    },
    async hasFile(file) {
      const row = await db
        .selectFrom('cache_extras')
        .select('id')
        .where('file', '=', file)
        .executeTakeFirst();
      return row !== undefined;
    },
    async remove(id) {
      const { numDeletedRows } = await db.deleteFrom('cache_extras').where('id', '=', id).executeTakeFirst();
      return numDeletedRows > 0n;
    },
    async removeUnowned(before) {
      const gone = await db
        .selectFrom('cache_extras as e')
        .select('e.id')
        .where((where) =>
          where.or([
            where('e.cache_id', 'is', null),
            where.and([where('e.added_at', '<', before), where.not(hasOwner)]),
          ]),
        )
        .orderBy('e.id')
        .limit(pageSize)
        .execute();
      if (gone.length === 0) return [];
      const ids = gone.map(({ id }) => id);
      const rows = await db
        .deleteFrom('cache_extras')
        .where(inIds(connection.dialect, 'id', ids))
        .returningAll()
        .execute();
      return rows.map(record);
    },
    async *unowned(before, isGone) {
      for (let last = 0; ; ) {
        const rows = await db
          .selectFrom('cache_extras')
          .selectAll()
          .where('id', '>', last)
          .where((where) => where.or([where('cache_id', 'is', null), where('added_at', '<', before)]))
          .orderBy('id')
          .limit(pageSize)
          .execute();
        const all = rows.map(record);
        const owned = await ownedOf(connection, all, isGone);
        yield* all.filter((extra) => !owned.has(extra));
        if (rows.length < pageSize) return;
        last = rows.at(-1)?.id ?? last;
      }
    },
    async setBuildIds(narHash, buildIds) {
      const rows = [...new Set([...buildIds, lookedAt])].map((buildId) => ({
        ...{ build_id: buildId, nar_hash: narHash },
      }));
      await connection.transaction(async (inside) => {
        for (const chunk of chunks(rows)) {
          await inside.db
            .insertInto('nar_build_ids')
            .values(chunk)
            .onConflict((conflict) => conflict.doNothing())
            .execute();
        }
      });
    },
    async knowsBuildIds(narHash) {
      const row = await db
        .selectFrom('nar_build_ids')
        .select('nar_hash')
        .where('nar_hash', '=', narHash)
        .where('build_id', '=', lookedAt)
        .executeTakeFirst();
      return row !== undefined;
    },
    async withBuildId(cacheId, buildId) {
      const rows = await db
        .selectFrom('nar_build_ids as b')
        .innerJoin('cache_paths as p', 'p.nar_hash', 'b.nar_hash')
        .select('p.hash_part')
        .where('b.build_id', '=', buildId)
        .where('p.cache_id', '=', cacheId)
        .orderBy('p.added_at', 'desc')
        .orderBy('p.hash_part')
        .limit(10)
        .execute();
      return rows.map((row) => row.hash_part);
    },
    async forgetBuildIds() {
      await db
        .deleteFrom('nar_build_ids')
        .where((where) =>
          where.not(
            where.exists(
              where
                .selectFrom('stored_nars')
                .select('file_hash')
                .whereRef('stored_nars.nar_hash', '=', 'nar_build_ids.nar_hash'),
            ),
          ),
        )
        .execute();
    },
  };
}

/** Those that belong to a path that stays, by the rule of `hasOwner`. */
async function ownedOf(
  { db, dialect }: Connection,
  extras: readonly CacheExtraRecord[],
  isGone: (cacheId: number, hashPart: string) => boolean,
): Promise<ReadonlySet<CacheExtraRecord>> {
  const owned = new Set<CacheExtraRecord>();
  for (const [cacheId, of] of Map.groupBy(extras, (extra) => extra.cacheId)) {
    const owners = [...new Set(of.map(({ owner }) => owner))];
    const paths = await db
      .selectFrom('cache_paths')
      .select(['hash_part', 'path', 'deriver'])
      .where('cache_id', '=', cacheId)
      .where((where) =>
        where.or(['path', 'deriver', 'hash_part'].map((column) => inTexts(dialect, column, owners))),
      )
      .execute();
    const left = paths.filter(({ hash_part }) => !isGone(cacheId, hash_part));
    const ofLogs = new Set(left.flatMap(({ path, deriver }) => [path, deriver]));
    const ofOthers = new Set(left.map(({ hash_part }) => hash_part));
    for (const extra of of) {
      if (extra.kind === 'log' ? ofLogs.has(extra.owner) : ofOthers.has(extra.owner)) owned.add(extra);
    }
  }
  return owned;
}

async function add(
  connection: Connection,
  extra: Omit<CacheExtraRecord, 'id'>,
): Promise<{ readonly isNew: boolean; readonly replaced: string | null }> {
  const { db } = connection;
  const { cacheId, kind, name } = extra;
  // Two uploads at once would each think that the last bytes are theirs.
  await lockCache(connection, cacheId);
  const there = await db
    .selectFrom('cache_extras as e')
    .select(['e.id', 'e.hash', 'e.file', hasOwner.as('hasOwner')])
    .where('e.cache_id', '=', cacheId)
    .where('e.kind', '=', kind)
    .where('e.name', '=', name)
    .executeTakeFirst();
  if (there?.hash === extra.hash) return { isNew: false, replaced: null };
  if (there !== undefined) {
    // A log is served whatever becomes of paths; a realisation whose path went is not.
    if (kind === 'log' || there.hasOwner) {
      throw new AppError('cache.conflict', `the cache has another ${kind} of ${name}`);
    }
    await db.deleteFrom('cache_extras').where('id', '=', there.id).execute();
  }
  const { quota } = await db
    .selectFrom('caches')
    .select('quota')
    .where('id', '=', cacheId)
    .executeTakeFirstOrThrow();
  const used = quota === null ? 0 : await createCacheUploadRepository(connection).bytes(cacheId);
  if (quota !== null && used + extra.fileSize > quota) {
    throw new AppError(
      'cache.quota',
      `the cache may hold ${quota} bytes and has ${used}; ${extra.fileSize} more would come`,
    );
  }
  await db
    .insertInto('cache_extras')
    .values({
      cache_id: cacheId,
      kind,
      name,
      owner: extra.owner,
      content: extra.content,
      file: extra.file,
      hash: extra.hash,
      size: extra.size,
      file_size: extra.fileSize,
      added_at: extra.addedAt,
    })
    .execute();
  return { isNew: true, replaced: there?.file ?? null };
}

function record(row: Selectable<CacheExtraTable>): CacheExtraRecord {
  return {
    id: row.id,
    cacheId: row.cache_id ?? 0,
    kind: row.kind,
    name: row.name,
    owner: row.owner,
    content: row.content,
    file: row.file,
    hash: row.hash,
    size: row.size,
    fileSize: row.file_size,
    addedAt: row.added_at,
  };
}
