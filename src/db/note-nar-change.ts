/**
 * The changes to the rows of files, numbered in the order in which they become visible, so that every process can follow
 * them. Only the last ones are kept: whoever has missed more reads all rows again.
 */

import { sql } from 'kysely';
import type { Connection } from './connection.ts';

const kept = 10_000;
/** Any fixed number does: it names the lock among the advisory locks of a PostgreSQL database. */
const advisoryLock = 7_766_835_888;

/** Within the transaction of the change, as the last thing there: whoever waits for the lock must not hold others. */
export async function noteNarChange(connection: Connection, fileHash: string): Promise<void> {
  const { db, dialect } = connection;
  // Without it a later number could become visible before an earlier one, which a follower would then never see.
  if (dialect === 'postgres') await sql`select pg_advisory_xact_lock(${advisoryLock})`.execute(db);
  const number = (await lastChange(connection)) + 1;
  await db.insertInto('nar_changes').values({ number, file_hash: fileHash }).execute();
  await db
    .deleteFrom('nar_changes')
    .where('number', '<=', number - kept)
    .execute();
}

export async function lastChange({ db }: Pick<Connection, 'db'>): Promise<number> {
  const { number } = await db
    .selectFrom('nar_changes')
    .select(({ fn }) => fn.max<number | null>('number').as('number'))
    .executeTakeFirstOrThrow();
  return number ?? 0;
}
