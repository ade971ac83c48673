/**
 * What the engines throw, in our words. A name or key that is taken: `db.conflict`. A row that others refer to and
 * that is gone: `db.missing`. A connection that broke, a lock or a deadlock: `db.unreachable`, which may be tried again.
 * A file that is no database of ours: `db.invalid`. All else is a bug and stays what it is.
 */

import { DatabaseError } from 'pg';
import { AppError } from '../util/app-error.ts';
import { errorMessage } from '../util/error-message.ts';

/** Primary result codes of SQLite, and the extended ones of constraints. */
const sqlite = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
  uniqueConstraint: 2067,
  primaryKeyConstraint: 1555,
  rowIdConstraint: 2579,
  foreignKeyConstraint: 787,
} as const;

/** `file`: which database it is. */
export function sqliteError(error: unknown, file: string): unknown {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : undefined;
  if (code === undefined) return error;
  const said = errorMessage(error);
  switch (code) {
    case sqlite.uniqueConstraint:
    case sqlite.primaryKeyConstraint:
    case sqlite.rowIdConstraint:
      return new AppError('db.conflict', said, { cause: error });
    case sqlite.foreignKeyConstraint:
      return new AppError('db.missing', `${said}: a row that this belongs to is not there`, { cause: error });
  }
  switch (code & 0xff) {
    case sqlite.busy:
    case sqlite.locked:
      return new AppError('db.unreachable', `${file} is locked by another process: ${said}`, {
        cause: error,
        hint: 'Another Proteus, or a tool, has it open for writing; end that and try again.',
      });
    case sqlite.readOnly:
    case sqlite.io:
    case sqlite.full:
    case sqlite.cannotOpen:
      return new AppError('db.unreachable', `${file} cannot be read or written: ${said}`, {
        cause: error,
        hint: 'Look at the folder it lies in: whether it exists, whom it belongs to, and how full the disk is.',
      });
    case sqlite.corrupt:
    case sqlite.notADatabase:
      return new AppError('db.invalid', `${file} is not an SQLite database, or is damaged: ${said}`, {
        cause: error,
      });
    default:
      return error;
  }
}

/** `where`: which server it is, without secrets. */
export function postgresError(error: unknown, where: string): unknown {
  if (error instanceof AppError || error instanceof TypeError) return error;
  const said = errorMessage(error);
  if (!(error instanceof DatabaseError))
    return new AppError('db.unreachable', `the connection to ${where} failed: ${said}`, { cause: error });
  const code = error.code ?? '';
  if (code === '23505') {
    const detail = error.detail === undefined ? '' : `: ${error.detail}`;
    return new AppError('db.conflict', `${said}${detail}`, { cause: error });
  }
  if (code === '23503')
    return new AppError('db.missing', `${said}: a row that this belongs to is not there`, { cause: error });
  // Connections, log-in, too many of them, shut down, read-only stand-by; deadlocks and lock time-outs pass by.
  const passing = /^(08|28|3D|53|57P|58|40|55P03|25006)/.test(code);
  return passing ? new AppError('db.unreachable', `${where} says: ${said}`, { cause: error }) : error;
}
