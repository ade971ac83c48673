/** Looks at a database without changing anything in it, for the doctor. */

import { connect } from './connect.ts';
import { newest, refuseNewer, schemaVersion } from './migrate.ts';
import { allMigrations } from './open-database.ts';

export interface DatabaseState {
  readonly dialect: 'sqlite' | 'postgres';
  /** 0 when it is empty. */
  readonly version: number;
  /** The version that the next start of a server brings it to. */
  readonly newest: number;
}

/** An SQLite file must be there, else it is made. Throws `db.unreachable` and `db.invalid`. */
export async function examineDatabase(url: string): Promise<DatabaseState> {
  const connection = connect(url, { connections: 1 });
  try {
    const version = await schemaVersion(connection);
    refuseNewer(version, allMigrations);
    return { dialect: connection.dialect, version, newest: newest(allMigrations) };
  } finally {
    await connection.db.destroy();
  }
}
