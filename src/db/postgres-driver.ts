/**
 * A pool of PostgreSQL connections in the shape that Kysely's dialect wants. 64-bit numbers come as numbers; what
 * breaks is told as `db.unreachable`, and a connection that broke is never used again.
 */

import type { PostgresPool, PostgresPoolClient } from 'kysely';
import { Pool, type PoolClient, types } from 'pg';
import { postgresError } from './database-error.ts';
import { withoutNul } from './without-nul.ts';

const int8 = 20;
const numeric = 1700;

export interface PostgresOptions {
  /** Connections at a time. */
  readonly connections: number;
}

/** Connects when it is first used. */
export function openPostgresDriver(url: string, { connections }: PostgresOptions): PostgresPool {
  const where = withoutPassword(url);
  const pool = new Pool({
    connectionString: url,
    application_name: 'proteus',
    max: connections,
    connectionTimeoutMillis: 15_000,
    keepAlive: true,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        // Identities, times and sums: all far below 2^53.
        oid === int8 || oid === numeric ? Number : types.getTypeParser(oid, format as 'text'), // both are taken
    },
  });
  // Without listeners a connection that breaks would end the process; its next use tells of it.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));

  const known = new WeakMap<PoolClient, PostgresPoolClient>();
  return {
    options: {},
    async connect() {
      const client = await pool.connect().catch((error: unknown) => {
        throw postgresError(error, where);
      });
      const wrapped = known.get(client) ?? wrap(client, where);
      known.set(client, wrapped);
      return wrapped;
    },
    end: () => pool.end(),
  };
}

function wrap(client: PoolClient, where: string): PostgresPoolClient {
  let broken = false;
  client.on('error', () => {
    broken = true;
  });
  // Kysely's type has a second form for cursors, which are not used: lists are read in pages.
  const query = async (sql: string, parameters: readonly unknown[]): Promise<unknown> => {
    try {
      return await client.query(sql, parameters.map(toPostgres));
    } catch (error) {
      throw postgresError(error, where);
    }
  };
  return {
    query: query as PostgresPoolClient['query'],
    release: () => client.release(broken),
  };
}

function toPostgres(value: unknown): unknown {
  if (typeof value === 'string') return withoutNul(value);
  if (Array.isArray(value)) return value.map(toPostgres);
  if (value === null || typeof value === 'number' || typeof value === 'bigint') return value;
  throw new TypeError(`a value of type ${typeof value} cannot be stored`);
}

/** The address for messages. */
export function withoutPassword(url: string): string {
  return url.replace(/^([a-z]+:\/\/[^:@/?]*):[^@/]*@/, '$1@').replace(/([?&]password=)[^&]*/g, '$1…');
}
