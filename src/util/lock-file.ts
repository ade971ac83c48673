/**
 * A lock between processes, on a file. It is SQLite's own: the kernel lets go of it when the process ends in whatever
 * way, so nothing is left to clean up after kill -9, and no process id is guessed at.
 *
 * Nothing else may open that file in the process that holds it: closing another descriptor would give the lock up.
 */

import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** SQLITE_BUSY: another process holds it. */
const busy = 5;
/** Who only looks holds it for a moment. */
const patienceMs = 500;

const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && error.errcode === busy;

/** Held until disposed; undefined when another process has it. Throws when the file cannot be used as a lock. */
export function lockFile(file: string): Disposable | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: patienceMs });
    database.exec('begin exclusive');
  } catch (error) {
    database?.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
  const held = database;
  return { [Symbol.dispose]: () => held.close() };
}

/** Whether some process holds it. Not to be asked by the holder itself. */
export function isFileLocked(file: string): boolean {
  if (!existsSync(file)) return false;
  try {
    const database = new DatabaseSync(file, { readOnly: true, timeout: 0 });
    try {
      database.exec('select count(*) from sqlite_master');
    } finally {
      database.close();
    }
    return false;
  } catch (error) {
    return isBusy(error);
  }
}
