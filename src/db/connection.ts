/**
 * What repositories stand on: a Kysely instance, which engine it is, and how to have a transaction. Inside of a
 * transaction `transaction` joins it, so methods that need one can be called from both.
 */

import type { Kysely } from 'kysely';
import type { Schema } from './schema.ts';

export type Dialect = 'sqlite' | 'postgres';

export interface Connection {
  readonly db: Kysely<Schema>;
  readonly dialect: Dialect;
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
}

export function createConnection(db: Kysely<Schema>, dialect: Dialect): Connection {
  const connection: Connection = {
    db,
    dialect,
    transaction: (work) =>
      db.isTransaction
        ? work(connection)
        : db.transaction().execute((transaction) => work(createConnection(transaction, dialect))),
  };
  return connection;
}
