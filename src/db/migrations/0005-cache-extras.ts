/** What caches keep beside paths: logs and realisations that were uploaded, and which NARs have which debug information. */

import type { ColumnDefinitionBuilder } from 'kysely';
import type { Migration } from './migration.ts';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();

export const cacheExtras: Migration = {
  version: 5,
  async up(db, { create, identity, integer, text }) {
    // Those of a cache that was deleted stay without one until their files are removed.
    await create('cache_extras', (table) =>
      identity(table)
        .addColumn('cache_id', integer, (column) => column.references('caches.id').onDelete('set null'))
        .addColumn('kind', text, required)
        .addColumn('name', text, required)
        .addColumn('owner', text, required)
        .addColumn('content', text)
        .addColumn('file', text, (column) => column.unique())
        .addColumn('hash', text, required)
        .addColumn('size', integer, required)
        .addColumn('file_size', integer, required)
        .addColumn('added_at', integer, required)
        .addUniqueConstraint('cache_extras_key', ['cache_id', 'kind', 'name']),
    );
    // Not bound to stored_nars: a content keeps them when another file takes the place of the first.
    await create(
      'nar_build_ids',
      (table) =>
        table
          .addColumn('build_id', text, required)
          .addColumn('nar_hash', text, required)
          .addPrimaryKeyConstraint('nar_build_ids_key', ['build_id', 'nar_hash']),
      'by-key',
    );
    const index = (name: string, table: string, columns: readonly string[]) =>
      db.schema
        .createIndex(name)
        .on(table)
        .columns([...columns])
        .execute();
    await index('cache_extras_by_age', 'cache_extras', ['added_at']);
    await index('nar_build_ids_of_content', 'nar_build_ids', ['nar_hash']);
    await index('cache_paths_of_deriver', 'cache_paths', ['cache_id', 'deriver']);
    await index('cache_paths_of_content', 'cache_paths', ['cache_id', 'nar_hash']);
  },
};
