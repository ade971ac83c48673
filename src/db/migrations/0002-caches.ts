/**
 * Binary caches: files with NARs, caches, their paths and what those refer to, and pins. References are rows with foreign
 * keys at both ends, so the database itself refuses to take away what something refers to.
 */

import { type ColumnDefinitionBuilder, sql } from 'kysely';
import type { Migration } from './migration.ts';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();

export const caches: Migration = {
  version: 2,
  async up(db, { create, identity, integer, text }) {
    await create('stored_nars', (table) =>
      table
        .addColumn('file_hash', text, (column) => column.notNull().primaryKey())
        .addColumn('file_size', integer, required)
        .addColumn('nar_hash', text, required)
        .addColumn('nar_size', integer, required)
        .addColumn('compression', text, required)
        .addColumn('created_at', integer, required)
        .addColumn('verified_at', integer, required),
    );
    await create('caches', (table) =>
      identity(table)
        .addColumn('name', text, (column) => column.notNull().unique())
        .addColumn('priority', integer, required)
        .addColumn('is_private', integer, required)
        .addColumn('quota', integer)
        .addColumn('keys', text, required)
        .addColumn('created_at', integer, required),
    );
    await create('cache_paths', (table) =>
      identity(table)
        .addColumn('cache_id', integer, (column) => column.notNull().references('caches.id'))
        .addColumn('hash_part', text, required)
        .addColumn('path', text, required)
        .addColumn('nar_hash', text, required)
        .addColumn('nar_size', integer, required)
        .addColumn('deriver', text)
        .addColumn('ca', text)
        .addColumn('signatures', text, required)
        .addColumn('file_hash', text, (column) => column.notNull().references('stored_nars.file_hash'))
        .addColumn('added_at', integer, required)
        .addColumn('served_at', integer, required)
        .addUniqueConstraint('cache_paths_key', ['cache_id', 'hash_part']),
    );
    const path = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
      column.notNull().references('cache_paths.id');
    await create(
      'cache_references',
      (table) =>
        table
          .addColumn('referrer', integer, path)
          .addColumn('reference', integer, path)
          .addPrimaryKeyConstraint('cache_references_key', ['referrer', 'reference']),
      'by-key',
    );
    await create('cache_pins', (table) =>
      table
        .addColumn('cache_id', integer, (column) => column.notNull().references('caches.id'))
        .addColumn('name', text, required)
        .addColumn('path', text, required)
        .addColumn('created_at', integer, required)
        .addColumn('expires_at', integer)
        .addPrimaryKeyConstraint('cache_pins_key', ['cache_id', 'name']),
    );
    const index = (name: string, table: string, columns: readonly string[]) =>
      db.schema
        .createIndex(name)
        .on(table)
        .columns([...columns])
        .execute();
    await index('stored_nars_by_content', 'stored_nars', ['nar_hash', 'file_size']);
    await index('stored_nars_by_check', 'stored_nars', ['verified_at', 'file_hash']);
    await index('cache_paths_of_file', 'cache_paths', ['file_hash']);
    await index('cache_referrers', 'cache_references', ['reference', 'referrer']);
    // The cache at the root of the server has always been there.
    await sql`insert into caches (name, priority, is_private, keys, created_at)
      values ('main', 30, 0, '[]', 0)`.execute(db);
  },
};
