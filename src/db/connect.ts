/** From the address of a database to a connection, on whichever engine it names. */

import { Kysely, PostgresDialect, SqliteDialect } from 'kysely';
import { AppError } from '../util/app-error.ts';
import { type Connection, createConnection } from './connection.ts';
import { openPostgresDriver, withoutPassword } from './postgres-driver.ts';
import type { Schema } from './schema.ts';
import { openSqliteDriver } from './sqlite-driver.ts';

export type DatabaseTarget =
  | { readonly dialect: 'postgres'; readonly url: string }
  | { readonly dialect: 'sqlite'; readonly file: string };

/** Throws `db.unreachable` or `db.invalid` for an SQLite file that cannot be used; PostgreSQL is not asked yet. */
export function connect(url: string, { connections = 8 } = {}): Connection {
  const target = parseDatabaseUrl(url);
  const dialect =
    target.dialect === 'postgres'
      ? new PostgresDialect({ pool: openPostgresDriver(target.url, { connections }) })
      : new SqliteDialect({ database: openSqliteDriver(target.file) });
  return createConnection(new Kysely<Schema>({ dialect }), target.dialect);
}

/** `postgres://…`, `postgresql://…`, `sqlite:/path`, or a path. Throws `db.invalid` for other addresses. */
export function parseDatabaseUrl(url: string): DatabaseTarget {
  if (/^postgres(ql)?:\/\//.test(url)) return { dialect: 'postgres', url };
  const file = url.replace(/^sqlite:(\/\/(?=\/))?/, '');
  if (file !== '' && !/^[a-z][a-z0-9+.-]*:/i.test(file)) return { dialect: 'sqlite', file };
  throw new AppError('db.invalid', `wanted the address of a database, got '${withoutPassword(url)}'`, {
    hint: 'Use postgres://user@host/name, sqlite:/path/to/file, or the path of a file.',
  });
}
