/**
 * Brings a database to the newest schema, all in one transaction: killed at any moment it is either as it was or done.
 * Several servers may start at once; one migrates, the others wait and find it done.
 */

import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { AppError } from '../util/app-error.ts';
import type { Connection } from './connection.ts';
import { type Migration, migrationSchema } from './migrations/migration.ts';

/** Any fixed number does: it names the lock among the advisory locks of a PostgreSQL database. */
const advisoryLock = 7_766_835_887;

/** The version of its schema; 0 when it is empty. */
export async function schemaVersion({ db, dialect }: Pick<Connection, 'db' | 'dialect'>): Promise<number> {
  const table = sql.lit('schema_version');
  const found =
    dialect === 'postgres'
      ? await sql`select 1 where to_regclass(${table}) is not null`.execute(db)
      : await sql`select 1 from sqlite_master where type = 'table' and name = ${table}`.execute(db);
  if (found.rows.length === 0) return 0;
  const row = await db.selectFrom('schema_version').select('version').executeTakeFirst();
  return row?.version ?? 0;
}

/** Throws `db.invalid` for a schema that is newer than these migrations. */
export async function migrate(connection: Connection, migrations: readonly Migration[]): Promise<void> {
  await connection.transaction(async ({ db, dialect }) => {
    if (dialect === 'postgres') await sql`select pg_advisory_xact_lock(${advisoryLock})`.execute(db);
    const version = await schemaVersion({ db, dialect });
    refuseNewer(version, migrations);
    if (version === newest(migrations)) return;
    const untyped = db as unknown as Kysely<unknown>; // a migration knows other tables than the present schema
    const schema = migrationSchema(untyped, dialect);
    if (version === 0)
      await schema.create('schema_version', (table) =>
        table.addColumn('version', schema.integer, (column) => column.notNull()),
      );
    for (const migration of migrations) {
      if (migration.version > version) await migration.up(untyped, schema);
    }
    await db.deleteFrom('schema_version').execute();
    await db
      .insertInto('schema_version')
      .values({ version: newest(migrations) })
      .execute();
  });
}

export function newest(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.version ?? 0;
}

export function refuseNewer(version: number, migrations: readonly Migration[]): void {
  if (version <= newest(migrations)) return;
  throw new AppError(
    'db.invalid',
    `the database has schema ${version}, and this version of Proteus knows schemas up to ${newest(migrations)}`,
  );
}
