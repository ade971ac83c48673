/**
 * node:sqlite in the shape that Kysely's SQLite dialect wants. Two traps are avoided here: numbers would be bound as
 * floating point (so `7 / ?` were not whole), and an object as first value would be taken for named parameters.
 */

import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { SqliteDatabase, SqliteStatement } from 'kysely';
import { sqliteError } from './database-error.ts';
import { withoutNul } from './without-nul.ts';

/** Compiled statements that are kept; nearly all statements have a fixed text. */
const cacheSize = 300;

/**
 * A commit is safe from a kill, not from a power cut, after which the last ones may be missing. Pages go back into the
 * file seldom (every 40 MB): thousands of builds are added at once, and their paths lie all over the indexes.
 */
const settings = `
  pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on; pragma trusted_schema = off;
  pragma wal_autocheckpoint = 10000; pragma journal_size_limit = 67108864;
  pragma cache_size = -65536; pragma temp_store = memory;
`;

/** Opens the file, or makes it. Throws `db.unreachable` or `db.invalid`. */
export function openSqliteDriver(file: string): SqliteDatabase {
  const guard = <T>(action: () => T): T => {
    try {
      return action();
    } catch (error) {
      throw sqliteError(error, file);
    }
  };
  keepPrivate(file);
  const database = guard(() => new DatabaseSync(file, { timeout: 10_000 }));
  try {
    guard(() => database.exec(settings));
  } catch (error) {
    database.close();
    throw error;
  }
  const cache = new Map<string, StatementSync>();

  function statement(text: string): StatementSync {
    // A transaction that reads first and then writes could find that another process wrote between.
    const sql = text === 'begin' ? 'begin immediate' : text;
    const known = cache.get(sql);
    if (known !== undefined) {
      cache.delete(sql);
      cache.set(sql, known);
      return known;
    }
    const made = database.prepare(sql);
    cache.set(sql, made);
    const [oldest] = cache.keys();
    if (cache.size > cacheSize && oldest !== undefined) cache.delete(oldest);
    return made;
  }

  return {
    close: () => {
      cache.clear();
      database.close();
    },
    prepare: (sql): SqliteStatement => {
      const prepared = guard(() => statement(sql));
      return {
        reader: prepared.columns().length > 0,
        all: (parameters) => guard(() => prepared.all(...parameters.map(toSqlite))),
        run: (parameters) => {
          // What went wrong (a full disk) may have undone the transaction by itself; it is told, not that nothing is left.
          if (sql === 'rollback' && !database.isTransaction) return { changes: 0, lastInsertRowid: 0 };
          return guard(() => prepared.run(...parameters.map(toSqlite)));
        },
        iterate: () => {
          throw new TypeError('lists are read in pages: an open statement would keep all others waiting');
        },
      };
    },
  };
}

/** A new file is its owner's alone, for it will hold hashes of passwords; what SQLite puts beside it gets the same mode. */
function keepPrivate(file: string): void {
  if (file === ':memory:') return;
  try {
    closeSync(openSync(file, 'a', 0o600));
  } catch {
    // Opening it says why.
  }
}

function toSqlite(value: unknown): SQLInputValue {
  if (value === null || typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value === 'string') return withoutNul(value);
  throw new TypeError(`a value of type ${typeof value} cannot be stored`);
}
