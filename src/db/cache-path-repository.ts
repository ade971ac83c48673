/** The paths of caches, each with what it refers to. */

import type { Selectable } from 'kysely';
import { addCachePaths } from './add-cache-paths.ts';
import type { CachePathRepository } from './cache-database.ts';
import { lockCache, removePaths } from './cache-path-rows.ts';
import type { CachePathRecord } from './cache-records.ts';
import type { CachePathTable } from './cache-schema.ts';
import type { Connection } from './connection.ts';
import { inIds, inTexts } from './in-list.ts';
import { inPages } from './in-pages.ts';

const pageSize = 2000;
type Row = Selectable<CachePathTable>;

export function createCachePathRepository(connection: Connection): CachePathRepository {
  const { db, dialect } = connection;
  const select = (cacheId: number) =>
    db.selectFrom('cache_paths').selectAll().where('cache_id', '=', cacheId);

  async function records(rows: readonly Row[]): Promise<readonly CachePathRecord[]> {
    const references = await referencesOf(
      connection,
      rows.map(({ id }) => id),
    );
    return rows.map((row) => record(row, references.get(row.id) ?? []));
  }

  return {
    async get(cacheId, hashPart) {
      const rows = await select(cacheId).where('hash_part', '=', hashPart).execute();
      return (await records(rows))[0];
    },
    async getMany(cacheId, hashParts) {
      const found = new Map<string, CachePathRecord>();
      for await (const page of inPages(hashParts)) {
        const rows = await select(cacheId)
          .where(inTexts(dialect, 'hash_part', page))
          .execute();
        for (const path of await records(rows)) found.set(path.hashPart, path);
      }
      return found;
    },
    async hashPartsAfter(cacheId, id) {
      // Whoever adds to a cache locks it, so its ids are there in their order.
      const rows = await db
        .selectFrom('cache_paths')
        .select(['id', 'hash_part'])
        .where('cache_id', '=', cacheId)
        .where('id', '>', id)
        .orderBy('id')
        .limit(pageSize)
        .execute();
      return {
        lastId: rows.at(-1)?.id ?? id,
        hashParts: rows.map((row) => row.hash_part),
        isLast: rows.length < pageSize,
      };
    },
    async *all(cacheId) {
      for (let last = ''; ; ) {
        const rows = await select(cacheId)
          .where('hash_part', '>', last)
          .orderBy('hash_part')
          .limit(pageSize)
          .execute();
        yield* await records(rows);
        if (rows.length < pageSize) return;
        last = rows.at(-1)?.hash_part ?? last;
      }
    },
    async withFile(fileHash) {
      const rows = await db
        .selectFrom('cache_paths as p')
        .innerJoin('caches as c', 'c.id', 'p.cache_id')
        .select([
          'p.cache_id as cacheId',
          'p.hash_part as hashPart',
          'p.path',
          'c.is_private as isPrivate',
          'c.name',
        ])
        .where('p.file_hash', '=', fileHash)
        .orderBy('p.id')
        .execute();
      return rows.map(({ name, isPrivate, ...row }) => ({
        ...row,
        isPrivate: isPrivate === 1 && name !== 'main',
      }));
    },
    add: (cacheId, paths) => connection.transaction((inside) => addCachePaths(inside, cacheId, paths)),
    remove: (cacheId, hashParts, unusedSince) =>
      connection.transaction(async (inside) => {
        await lockCache(inside, cacheId);
        const rows = await inside.db
          .selectFrom('cache_paths')
          .select(['id', 'hash_part'])
          .where('cache_id', '=', cacheId)
          .where(inTexts(dialect, 'hash_part', [...new Set(hashParts)]))
          .$if(unusedSince !== undefined, (query) =>
            query
              .where('added_at', '<', unusedSince ?? 0)
              .where('served_at', '<', unusedSince ?? 0)
              .where('path', 'not in', (inner) =>
                inner.selectFrom('cache_pins').select('cache_pins.path').where('cache_id', '=', cacheId),
              ),
          )
          .orderBy('hash_part')
          .execute();
        const removable = await unreferenced(
          inside,
          rows.map(({ id }) => id),
        );
        await removePaths(inside, [...removable]);
        return rows.filter(({ id }) => removable.has(id)).map((row) => row.hash_part);
      }),
    async setServed(cacheId, hashParts, at) {
      if (hashParts.length === 0) return;
      await db
        .updateTable('cache_paths')
        .set({ served_at: at })
        .where('cache_id', '=', cacheId)
        .where(inTexts(dialect, 'hash_part', hashParts))
        .where('served_at', '<', at)
        .execute();
    },
    async count(cacheId) {
      const { paths } = await db
        .selectFrom('cache_paths')
        .select(({ fn }) => fn.countAll<number>().as('paths'))
        .where('cache_id', '=', cacheId)
        .executeTakeFirstOrThrow();
      return Number(paths);
    },
  };
}

/** Those of them that nothing refers to but others of them that go, too, and themselves. */
async function unreferenced({ db, dialect }: Connection, ids: readonly number[]): Promise<Set<number>> {
  const rows = await db
    .selectFrom('cache_references')
    .selectAll()
    .where(inIds(dialect, 'reference', ids))
    .execute();
  const referencesOfKept = Map.groupBy(rows, ({ referrer }) => referrer);
  const going = new Set(ids);
  // Whatever stays makes what it refers to stay.
  const staying = rows.map(({ referrer }) => referrer).filter((id) => !going.has(id));
  for (const id of staying) {
    for (const { reference } of referencesOfKept.get(id) ?? []) {
      if (going.delete(reference)) staying.push(reference);
    }
  }
  return going;
}

async function referencesOf(
  { db, dialect }: Connection,
  ids: readonly number[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('cache_references as r')
    .innerJoin('cache_paths as p', 'p.id', 'r.reference')
    .select(['r.referrer', 'p.path'])
    .where(inIds(dialect, 'r.referrer', ids))
    .orderBy('p.path')
    .execute();
  const grouped = Map.groupBy(rows, ({ referrer }) => referrer);
  return new Map(grouped.entries().map(([id, of]) => [id, of.map(({ path }) => path)]));
}

function record(row: Row, references: readonly string[]): CachePathRecord {
  return {
    cacheId: row.cache_id,
    hashPart: row.hash_part,
    path: row.path,
    narHash: row.nar_hash,
    narSize: row.nar_size,
    references,
    deriver: row.deriver,
    ca: row.ca,
    signatures: row.signatures === '' ? [] : row.signatures.split(' '),
    fileHash: row.file_hash,
    addedAt: row.added_at,
    servedAt: row.served_at,
  };
}
