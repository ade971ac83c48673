/**
 * A database per test, on the engine that the test is run on: a copy of an empty one that is migrated once per file.
 * `DIALECTS=sqlite` in the environment leaves PostgreSQL out.
 */

import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { Dialect } from '../../src/db/connection.ts';
import type { Database } from '../../src/db/database.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { PostgresCluster } from './postgres-cluster.ts';

const wanted = (process.env.DIALECTS ?? 'sqlite,postgres').split(',');
export const dialects = (['sqlite', 'postgres'] as const).filter((dialect) => wanted.includes(dialect));

/** The time at which tests open databases. */
const openedAt = Date.UTC(2026, 0, 2, 3, 4, 5);

export interface FreshDatabases {
  /** The address of a new empty database with the present schema; with 'blank', without any. */
  url(content?: 'blank'): Promise<string>;
  /** Opens a new one. */
  open(): Promise<Database>;
  /** Throws on SQLite. */
  readonly cluster: PostgresCluster;
}

/** To be called in a `describe`. */
export function freshDatabases(dialect: Dialect): FreshDatabases {
  let folder: string;
  let cluster: PostgresCluster | undefined;
  let count = 0;

  const migrated = async (url: string): Promise<void> => {
    await using _ = await openDatabase(url, { now: () => openedAt });
  };
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'proteus-db-'));
    if (dialect === 'sqlite') return migrated(path.join(folder, 'template'));
    cluster = await PostgresCluster.create();
    await cluster.query('create database template');
    await migrated(cluster.url('template'));
  });
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const databases: FreshDatabases = {
    async url(content) {
      const name = `test${++count}`;
      if (cluster !== undefined) {
        const template = content === 'blank' ? 'template0' : 'template';
        await cluster.query(`create database ${name} template ${template}`);
        return cluster.url(name);
      }
      const file = path.join(folder, name);
      if (content !== 'blank') await copyFile(path.join(folder, 'template'), file);
      return file;
    },
    open: async () => openDatabase(await databases.url(), { now: () => openedAt }),
    get cluster() {
      if (cluster === undefined) throw new Error('SQLite has no server');
      return cluster;
    },
  };
  return databases;
}
