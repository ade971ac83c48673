import { sql } from 'kysely';
import type { Connection } from './connection.ts';

/** Any fixed number does: it tells these locks from others. */
const lockClass = 776_684;

/**
 * Until the transaction ends, nobody else adds to this evaluation or ends it. Its row is not locked for that: it is
 * after the rows of builds in the order of locks. On SQLite there is one writer anyway.
 */
export async function lockEvaluation({ db, dialect }: Connection, id: number): Promise<void> {
  if (dialect === 'postgres')
    await sql`select pg_advisory_xact_lock(${lockClass}, ${id % 2 ** 31}::integer)`.execute(db);
}
