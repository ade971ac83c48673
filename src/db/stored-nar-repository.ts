/** The files with NARs. A file that a path of any cache has is never taken out but together with that path. */

import type { Selectable } from 'kysely';
import type { StoredNarRepository } from './cache-database.ts';
import type { StoredNarRecord } from './cache-records.ts';
import type { StoredNarTable } from './cache-schema.ts';
import type { Connection } from './connection.ts';
import { lastChange, noteNarChange } from './note-nar-change.ts';
import { withdrawNar } from './withdraw-nar.ts';

const pageSize = 2000;

export function createStoredNarRepository(connection: Connection): StoredNarRepository {
  const { db } = connection;
  const select = () => db.selectFrom('stored_nars').selectAll();

  return {
    async byFileHash(fileHash) {
      const row = await select().where('file_hash', '=', fileHash).executeTakeFirst();
      return row && record(row);
    },
    async byNarHash(narHash) {
      const row = await select()
        .where('nar_hash', '=', narHash)
        .orderBy('file_size')
        .orderBy('file_hash')
        .limit(1)
        .executeTakeFirst();
      return row && record(row);
    },
    async *all() {
      for (let last = ''; ; ) {
        const rows = await select()
          .where('file_hash', '>', last)
          .orderBy('file_hash')
          .limit(pageSize)
          .execute();
        yield* rows.map(record);
        if (rows.length < pageSize) return;
        last = rows.at(-1)?.file_hash ?? last;
      }
    },
    add: (nar, mentions) =>
      connection.transaction(async (inside) => {
        const isNew = await insert(inside, nar);
        if (mentions !== undefined) await setMentions(inside, nar.fileHash, mentions);
        if (isNew) await noteNarChange(inside, nar.fileHash);
      }),
    async setVerified(fileHash, at) {
      await db
        .updateTable('stored_nars')
        .set({ verified_at: at })
        .where('file_hash', '=', fileHash)
        .execute();
    },
    async verifiedBefore(at, limit) {
      const rows = await select()
        .where('verified_at', '<', at)
        .orderBy('verified_at')
        .orderBy('file_hash')
        .limit(limit)
        .execute();
      return rows.map(record);
    },
    replace: (fileHash, by) =>
      connection.transaction(async (inside) => {
        const isNew = await insert(inside, by);
        if (by.fileHash === fileHash) {
          if (isNew) await noteNarChange(inside, fileHash);
          return;
        }
        await inside.db
          .updateTable('cache_paths')
          .set({ file_hash: by.fileHash })
          .where('file_hash', '=', fileHash)
          .execute();
        const isGone = await removeUnused(inside, fileHash);
        if (isNew) await noteNarChange(inside, by.fileHash);
        if (isGone) await noteNarChange(inside, fileHash);
      }),
    withdraw: (fileHash) =>
      connection.transaction(async (inside) => {
        const went = await withdrawNar(inside, fileHash);
        if (await removeUnused(inside, fileHash)) await noteNarChange(inside, fileHash);
        return went;
      }),
    remove: (fileHash) =>
      connection.transaction(async (inside) => {
        const awaited = await inside.db
          .selectFrom('cache_uploads')
          .select('cache_id')
          .where('file_hash', '=', fileHash)
          .executeTakeFirst();
        const isGone = awaited === undefined && (await removeUnused(inside, fileHash));
        if (isGone) await noteNarChange(inside, fileHash);
        return isGone;
      }),
    lastChange: () => lastChange(connection),
    async changesAfter(number) {
      const last = await lastChange(connection);
      if (last === number) return { last, fileHashes: [] };
      const rows = await db
        .selectFrom('nar_changes')
        .selectAll()
        .where('number', '>', number)
        .orderBy('number')
        .execute();
      // A number that is not there: it is forgotten, or the database is another one than it was.
      if (rows[0]?.number !== number + 1) return undefined;
      return {
        last: rows.at(-1)?.number ?? number,
        fileHashes: [...new Set(rows.map((row) => row.file_hash))],
      };
    },
    async claim(narHash, owner, { now, until }) {
      const { numInsertedOrUpdatedRows = 0n } = await db
        .insertInto('nar_claims')
        .values({ nar_hash: narHash, owner, expires_at: until })
        .onConflict((conflict) =>
          conflict
            .column('nar_hash')
            .doUpdateSet({ owner, expires_at: until })
            .where((where) =>
              where.or([where('nar_claims.owner', '=', owner), where('nar_claims.expires_at', '<=', now)]),
            ),
        )
        .executeTakeFirst();
      return numInsertedOrUpdatedRows > 0n;
    },
    async release(narHash, owner) {
      await db.deleteFrom('nar_claims').where('nar_hash', '=', narHash).where('owner', '=', owner).execute();
    },
    async mentions(fileHash) {
      const row = await db
        .selectFrom('nar_mentions')
        .select('hash_parts')
        .where('file_hash', '=', fileHash)
        .executeTakeFirst();
      return row?.hash_parts.split(' ').filter(Boolean);
    },
    async totals() {
      const { files, fileBytes, narBytes } = await db
        .selectFrom('stored_nars')
        .select(({ fn }) => [
          fn.countAll<number>().as('files'),
          fn.sum<number | null>('file_size').as('fileBytes'),
          fn.sum<number | null>('nar_size').as('narBytes'),
        ])
        .executeTakeFirstOrThrow();
      return { files: Number(files), fileBytes: Number(fileBytes ?? 0), narBytes: Number(narBytes ?? 0) };
    },
  };
}

/** True when there was none. */
async function insert({ db }: Connection, nar: StoredNarRecord): Promise<boolean> {
  const { numInsertedOrUpdatedRows = 0n } = await db
    .insertInto('stored_nars')
    .values({
      file_hash: nar.fileHash,
      file_size: nar.fileSize,
      nar_hash: nar.narHash,
      nar_size: nar.narSize,
      compression: nar.compression,
      created_at: nar.createdAt,
      verified_at: nar.verifiedAt,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows > 0n;
}

async function setMentions({ db }: Connection, fileHash: string, mentions: readonly string[]): Promise<void> {
  await db
    .insertInto('nar_mentions')
    .values({ file_hash: fileHash, hash_parts: mentions.join(' ') })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function removeUnused({ db, dialect }: Connection, fileHash: string): Promise<boolean> {
  // Whoever adds a path that has it holds a lock on this row until that is done, and the count below sees it.
  await db
    .selectFrom('stored_nars')
    .select('file_hash')
    .where('file_hash', '=', fileHash)
    .$if(dialect === 'postgres', (query) => query.forUpdate())
    .execute();
  const { numDeletedRows } = await db
    .deleteFrom('stored_nars')
    .where('file_hash', '=', fileHash)
    .where((where) =>
      where.not(where.exists(where.selectFrom('cache_paths').select('id').where('file_hash', '=', fileHash))),
    )
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

function record(row: Selectable<StoredNarTable>): StoredNarRecord {
  return {
    fileHash: row.file_hash,
    fileSize: row.file_size,
    narHash: row.nar_hash,
    narSize: row.nar_size,
    compression: row.compression,
    createdAt: row.created_at,
    verifiedAt: row.verified_at,
  };
}
