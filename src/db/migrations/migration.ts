/**
 * A step from one version of the schema to the next. It is written once for both engines, with `schema` for what they
 * call differently, and it is never changed after a release: later changes are later migrations.
 */

import { type ColumnDataType, type CreateTableBuilder, type Kysely, type RawBuilder, sql } from 'kysely';
import type { Dialect } from '../connection.ts';

export interface Migration {
  /** From 1, without gaps. */
  readonly version: number;
  /** Runs in a transaction, on tables of which nothing is known but what earlier migrations did. */
  up(db: Kysely<unknown>, schema: MigrationSchema): Promise<void>;
}

export type Table = CreateTableBuilder<string, string>;
type ColumnType = ColumnDataType | RawBuilder<unknown>;

export interface MigrationSchema {
  /** Makes a table; SQLite's are strict. `rows` says how they lie: in a tree of their key saves space for narrow rows. */
  readonly create: (name: string, columns: (table: Table) => Table, rows?: 'by-key') => Promise<void>;
  /** A column `id` that counts up and never takes a number twice. */
  readonly identity: (table: Table) => Table;
  /** Whole number of up to 53 bits. */
  readonly integer: ColumnType;
  readonly real: ColumnType;
  /** Compared byte by byte, as SQLite does. */
  readonly text: ColumnType;
}

export function migrationSchema(db: Kysely<unknown>, dialect: Dialect): MigrationSchema {
  const isPostgres = dialect === 'postgres';
  return {
    async create(name, columns, rows) {
      const table = columns(db.schema.createTable(name));
      const strict = rows === 'by-key' ? sql`strict, without rowid` : sql`strict`;
      await (isPostgres ? table : table.modifyEnd(strict)).execute();
    },
    identity: (table) =>
      isPostgres
        ? table.addColumn('id', 'bigint', (column) => column.generatedByDefaultAsIdentity().primaryKey())
        : table.addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement()),
    integer: isPostgres ? 'bigint' : 'integer',
    real: isPostgres ? 'double precision' : 'real',
    text: isPostgres ? sql`text collate "C"` : 'text',
  };
}
