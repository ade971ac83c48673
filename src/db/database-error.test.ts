import { DatabaseError } from 'pg';
import { describe, expect, it } from 'vitest';
import { AppError } from '../util/app-error.ts';
import { postgresError, sqliteError } from './database-error.ts';

describe('sqliteError', () => {
  const of = (errcode: number) => Object.assign(new Error('said SQLite'), { errcode });

  it.each([
    [2067, 'db.conflict', 'said SQLite'],
    [1555, 'db.conflict', 'said SQLite'],
    [787, 'db.missing', 'said SQLite: a row that this belongs to is not there'],
    [5, 'db.unreachable', '/x is locked by another process: said SQLite'],
    [517, 'db.unreachable', '/x is locked by another process: said SQLite'],
    [13, 'db.unreachable', '/x cannot be read or written: said SQLite'],
    [14, 'db.unreachable', '/x cannot be read or written: said SQLite'],
    [778, 'db.unreachable', '/x cannot be read or written: said SQLite'],
    [11, 'db.invalid', '/x is not an SQLite database, or is damaged: said SQLite'],
    [26, 'db.invalid', '/x is not an SQLite database, or is damaged: said SQLite'],
  ])('takes code %i for %s', (errcode, code, message) => {
    const error = of(errcode);

    expect(sqliteError(error, '/x')).toMatchObject({ code, message, cause: error });
  });

  it('leaves bugs what they are', () => {
    for (const bug of [of(1), of(275), new TypeError('x'), 'text']) expect(sqliteError(bug, '/x')).toBe(bug);
  });
});

describe('postgresError', () => {
  const of = (code: string, detail?: string) =>
    Object.assign(new DatabaseError('said PostgreSQL', 1, 'error'), { code, detail });

  it.each([
    ['23505', 'db.conflict', 'said PostgreSQL: Key (a)=(b) exists'],
    ['23503', 'db.missing', 'said PostgreSQL: a row that this belongs to is not there'],
    ['57P01', 'db.unreachable', 'db says: said PostgreSQL'],
    ['08006', 'db.unreachable', 'db says: said PostgreSQL'],
    ['28P01', 'db.unreachable', 'db says: said PostgreSQL'],
    ['3D000', 'db.unreachable', 'db says: said PostgreSQL'],
    ['53300', 'db.unreachable', 'db says: said PostgreSQL'],
    ['40P01', 'db.unreachable', 'db says: said PostgreSQL'],
  ])('takes code %s for %s', (state, code, message) => {
    const error = of(state, 'Key (a)=(b) exists');

    expect(postgresError(error, 'db')).toMatchObject({ code, message, cause: error });
  });

  it('takes everything else that a connection throws for a broken connection', () => {
    const error = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

    expect(postgresError(error, 'db')).toMatchObject({
      code: 'db.unreachable',
      message: 'the connection to db failed: connect ECONNREFUSED',
      cause: error,
    });
  });

  it('leaves bugs and what is ours what they are', () => {
    for (const error of [of('42703'), of('23514'), new TypeError('x'), new AppError('db.missing', 'x')])
      expect(postgresError(error, 'db')).toBe(error);
  });
});
