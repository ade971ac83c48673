import type { SqliteDatabase } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { openSqliteDriver } from './sqlite-driver.ts';

describe('openSqliteDriver', () => {
  const opened: SqliteDatabase[] = [];
  afterEach(() => {
    for (const database of opened.splice(0)) database.close();
  });

  function open(): SqliteDatabase {
    const database = openSqliteDriver(':memory:');
    opened.push(database);
    return database;
  }

  it('binds whole numbers as whole numbers', () => {
    const sql = 'select 7 / ? as half, typeof(?) as whole, typeof(?) as big, typeof(?) as real';

    expect(
      open()
        .prepare(sql)
        .all([2, 5, 2 ** 40, 1.5]),
    ).toEqual([{ half: 3, whole: 'integer', big: 'integer', real: 'real' }]);
  });

  it.each([
    [{ a: 1 }, 'object'],
    [true, 'boolean'],
    [undefined, 'undefined'],
    [new Date(0), 'object'],
  ])('refuses %s instead of guessing', (value, type) => {
    const statement = open().prepare('select ? as a, ? as b');

    expect(() => statement.all([value, 1])).toThrow(`a value of type ${type} cannot be stored`);
  });

  it('takes back a transaction that a full disk has undone already', () => {
    const database = open();
    const run = (sql: string) => database.prepare(sql).run([]);
    database.prepare('pragma max_page_count = 3').all([]);
    run('create table t (x)');
    run('begin');
    expect(() => {
      for (let n = 0; n < 1000; n++) run(`insert into t values (zeroblob(2000))`);
    }).toThrow('database or disk is full');

    expect(() => run('rollback')).not.toThrow();
    expect(database.prepare('select count(*) as rows from t').all([])).toEqual([{ rows: 0 }]);
  });

  it('puts U+FFFD in place of NUL', () => {
    expect(open().prepare('select length(?) as length').all(['a\0b'])).toEqual([{ length: 3 }]);
  });

  it('enforces foreign keys and takes the lock of writers when a transaction begins', () => {
    const database = open();
    expect(database.prepare('pragma foreign_keys').all([])).toEqual([{ foreign_keys: 1 }]);

    database.prepare('begin').run([]);
    expect(() => database.prepare('begin').run([])).toThrow(
      'cannot start a transaction within a transaction',
    );
    database.prepare('rollback').run([]);
  });

  it('tells statements with rows from those without', () => {
    const database = open();
    database.prepare('create table t (id integer primary key, name text) strict').run([]);
    const insert = database.prepare('insert into t (name) values (?)');
    const returning = database.prepare('insert into t (name) values (?) returning id');

    expect(insert.reader).toBe(false);
    expect(insert.run(['a'])).toMatchObject({ changes: 1 });
    expect(returning.reader).toBe(true);
    expect(returning.all(['b'])).toEqual([{ id: 2 }]);
  });

  it('takes any number of different statements', () => {
    const database = open();

    for (let number = 0; number < 1000; number += 1)
      expect(database.prepare(`select ${number} as n`).all([])).toEqual([{ n: number }]);
    expect(database.prepare('select 0 as n').all([])).toEqual([{ n: 0 }]);
  });
});
