/** Migrations of a later version of Proteus, for tests. */

import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Migration } from '../../src/db/migrations/migration.ts';
import { allMigrations } from '../../src/db/open-database.ts';

/** Of the present schema, and of the one that these migrations make out of it. */
export const presentVersion = allMigrations.at(-1)?.version ?? 0;
export const laterVersion = presentVersion + 1;

/** A table, and a column with a value for rows that are there. */
export const addNotes: Migration = {
  version: laterVersion,
  async up(db, { create, integer, text }) {
    await create('notes', (table) => table.addColumn('id', integer, (column) => column.notNull()));
    await db.schema
      .alterTable('projects')
      .addColumn('note', text, (column) => column.notNull().defaultTo('new'))
      .execute();
    await sql`update projects set description = 'migrated'`.execute(db);
  },
};

/** The same, but it fails at its end. */
export const failingMigration: Migration = {
  version: laterVersion,
  async up(db, schema) {
    await addNotes.up(db, schema);
    throw new Error('this migration is wrong');
  },
};

/** The same, but it never ends. */
export function hangingMigration(whenHanging: () => void): Migration {
  return {
    version: laterVersion,
    async up(db, schema) {
      await addNotes.up(db, schema);
      whenHanging();
      await delay(2 ** 30);
    },
  };
}
