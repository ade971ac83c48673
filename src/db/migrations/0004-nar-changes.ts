/**
 * What several processes with the same files tell each other: which rows of `stored_nars` have changed, in order, and who
 * is making a file of which content. And which store paths a NAR that was uploaded mentions, until a narinfo follows it.
 */

import type { ColumnDefinitionBuilder } from 'kysely';
import type { Migration } from './migration.ts';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
const key = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull().primaryKey();

export const narChanges: Migration = {
  version: 4,
  async up(db, { create, integer, text }) {
    await create('nar_changes', (table) =>
      table.addColumn('number', integer, key).addColumn('file_hash', text, required),
    );
    await create('nar_claims', (table) =>
      table
        .addColumn('nar_hash', text, key)
        .addColumn('owner', text, required)
        .addColumn('expires_at', integer, required),
    );
    await create('nar_mentions', (table) =>
      table
        .addColumn('file_hash', text, (column) =>
          key(column).references('stored_nars.file_hash').onDelete('cascade'),
        )
        .addColumn('hash_parts', text, required),
    );
    await db.schema
      .createIndex('cache_paths_in_order')
      .on('cache_paths')
      .columns(['cache_id', 'id'])
      .execute();
  },
};
