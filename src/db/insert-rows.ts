import type { Insertable } from 'kysely';
import type { Connection } from './connection.ts';
import type { Schema } from './schema.ts';

/** Below SQLite's limit of 32,766 parameters, and few enough for a statement to be compiled quickly. */
const maxParameters = 10_000;

/** Inserts any number of rows; all have the same columns. */
export async function insertRows<T extends keyof Schema>(
  { db }: Connection,
  table: T,
  rows: readonly Insertable<Schema[T]>[],
): Promise<void> {
  for (const chunk of chunks(rows)) await db.insertInto(table).values(chunk).execute();
}

/** Rows by as many as fit into one statement. */
export function* chunks<T extends object>(rows: readonly T[]): Generator<readonly T[]> {
  const size = Math.floor(maxParameters / Math.max(1, Object.keys(rows[0] ?? {}).length));
  for (let start = 0; start < rows.length; start += size) yield rows.slice(start, start + size);
}
