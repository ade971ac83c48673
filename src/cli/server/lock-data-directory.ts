/**
 * One server for each data directory. The lock is SQLite's own on a file: the kernel lets go of it when the process
 * ends in whatever way, so nothing is left to clean up after kill -9, and no process id is guessed at.
 *
 * Nothing else may open that file in the process that holds it: closing another descriptor would give the lock up.
 */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';

/** SQLITE_BUSY: another process holds it. */
const busy = 5;
/** Who only looks holds it for a moment. */
const patienceMs = 500;

const lockFile = (directory: string): string => path.join(directory, 'lock');
const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && error.errcode === busy;

/**
 * Held until disposed. Throws `server.running` when another process has it, `server.data-directory` when it cannot be
 * had at all.
 */
export function lockDataDirectory(directory: string): Disposable {
  const file = lockFile(directory);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: patienceMs });
    database.exec('begin exclusive');
  } catch (cause) {
    database?.close();
    if (isBusy(cause)) {
      throw new AppError('server.running', `a server works on ${directory} already`, { cause });
    }
    throw new AppError('server.data-directory', `cannot use ${file} as a lock: ${errorMessage(cause)}`, {
      cause,
    });
  }
  const held = database;
  return { [Symbol.dispose]: () => held.close() };
}

/** Whether some process holds it. Not to be asked by the holder itself. */
export function isDataDirectoryLocked(directory: string): boolean {
  if (!existsSync(lockFile(directory))) return false;
  try {
    const database = new DatabaseSync(lockFile(directory), { readOnly: true, timeout: 0 });
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
