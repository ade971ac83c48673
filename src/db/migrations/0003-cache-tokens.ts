/** Tokens of caches, and NARs on their way into one. */

import type { ColumnDefinitionBuilder } from 'kysely';
import type { Migration } from './migration.ts';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
const ofCache = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
  column.notNull().references('caches.id').onDelete('cascade');

export const cacheTokens: Migration = {
  version: 3,
  async up(db, { create, identity, integer, text }) {
    await create('cache_tokens', (table) =>
      identity(table)
        .addColumn('cache_id', integer, ofCache)
        .addColumn('hash', text, (column) => column.notNull().unique())
        .addColumn('name', text, required)
        .addColumn('may_push', integer, required)
        .addColumn('created_at', integer, required)
        .addColumn('last_used_at', integer)
        .addColumn('expires_at', integer),
    );
    // Not bound to stored_nars: an upload is written down before its file is there.
    await create('cache_uploads', (table) =>
      table
        .addColumn('cache_id', integer, ofCache)
        .addColumn('file_hash', text, required)
        .addColumn('started_at', integer, required)
        .addColumn('is_received', integer, required)
        .addColumn('made_file', integer, required)
        .addPrimaryKeyConstraint('cache_uploads_key', ['cache_id', 'file_hash']),
    );
    const index = (name: string, table: string, column: string) =>
      db.schema.createIndex(name).on(table).column(column).execute();
    await index('cache_tokens_of', 'cache_tokens', 'cache_id');
    await index('cache_uploads_of_file', 'cache_uploads', 'file_hash');
    await index('cache_uploads_by_start', 'cache_uploads', 'started_at');
  },
};
