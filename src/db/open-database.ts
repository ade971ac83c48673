/**
 * Opens the database, makes or migrates its schema, and gives the repositories. SQLite files are copied beside
 * themselves before they are migrated.
 */

import { chmod, rename, rm } from 'node:fs/promises';
import { sql } from 'kysely';
import { connect, parseDatabaseUrl } from './connect.ts';
import type { Connection } from './connection.ts';
import { createRepositories } from './create-repositories.ts';
import type { Database } from './database.ts';
import { migrate, newest, refuseNewer, schemaVersion } from './migrate.ts';
import { initial } from './migrations/0001-initial.ts';
import { caches } from './migrations/0002-caches.ts';
import { cacheTokens } from './migrations/0003-cache-tokens.ts';
import { narChanges } from './migrations/0004-nar-changes.ts';
import { cacheExtras } from './migrations/0005-cache-extras.ts';
import { rollouts } from './migrations/0006-rollouts.ts';
import type { Migration } from './migrations/migration.ts';

export const allMigrations: readonly Migration[] = [
  initial,
  caches,
  cacheTokens,
  narChanges,
  cacheExtras,
  rollouts,
];

export interface OpenDatabaseDeps {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Connections to PostgreSQL at a time; default 8. */
  readonly connections?: number | undefined;
  /** Oldest first; for tests. */
  readonly migrations?: readonly Migration[] | undefined;
}

/**
 * `url`: `postgres://…` or `postgresql://…`, `sqlite:/path`, or a path. Throws `db.unreachable`, and `db.invalid` for
 * a schema that is newer than this program and for files that are no databases.
 */
export async function openDatabase(url: string, deps: OpenDatabaseDeps): Promise<Database> {
  const migrations = deps.migrations ?? allMigrations;
  const connection = connect(url, deps.connections === undefined ? {} : { connections: deps.connections });
  try {
    const version = await schemaVersion(connection);
    refuseNewer(version, migrations);
    const target = parseDatabaseUrl(url);
    if (target.dialect === 'sqlite' && version > 0 && version < newest(migrations))
      await backUp(connection, `${target.file}.backup-${version}-${timestamp(deps.now())}`);
    await migrate(connection, migrations);
    await forgetExpired(connection, deps.now());
  } catch (error) {
    await connection.db.destroy();
    throw error;
  }
  return {
    dialect: connection.dialect,
    ...createRepositories(connection),
    transaction: (work) => connection.transaction((inside) => work(createRepositories(inside))),
    [Symbol.asyncDispose]: () => connection.db.destroy(),
  };
}

/** A copy under a temporary name first: what has the name of a backup is whole. */
async function backUp({ db }: Connection, file: string): Promise<void> {
  const unfinished = `${file}.unfinished-${process.pid}`;
  try {
    await sql`vacuum into ${unfinished}`.execute(db);
    await chmod(unfinished, 0o600);
    await rename(unfinished, file);
  } finally {
    await rm(unfinished, { force: true });
  }
}

function timestamp(at: number): string {
  return new Date(at).toISOString().replace(/[-:]/g, '').replace('.', '').replace('Z', '');
}

async function forgetExpired({ db }: Connection, now: number): Promise<void> {
  await db.deleteFrom('sessions').where('expires_at', '<=', now).execute();
  await db.deleteFrom('failures').where('expires_at', '<=', now).execute();
}
