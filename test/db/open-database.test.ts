import { readdirSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { connect } from '../../src/db/connect.ts';
import { allMigrations, openDatabase } from '../../src/db/open-database.ts';
import { dialects, freshDatabases } from './fresh-databases.ts';
import { addNotes, failingMigration, laterVersion, presentVersion } from './sample-migrations.ts';
import { project } from './samples.ts';
import { startChild } from './start-child.ts';

const later = { now: () => Date.UTC(2026, 5, 7, 8, 9, 10, 11), migrations: [...allMigrations, addNotes] };
const present = { now: () => 1 };

/** The rows of a statement, past the repositories. */
async function rows(url: string, statement: string): Promise<readonly unknown[]> {
  const { db } = connect(url);
  try {
    return (await sql.raw(statement).execute(db)).rows;
  } finally {
    await db.destroy();
  }
}

describe.each(dialects)('opening a database on %s', (dialect) => {
  const fresh = freshDatabases(dialect);

  it('makes the schema, and finds it the next time', async () => {
    const url = await fresh.url('blank');
    {
      await using database = await openDatabase(url, present);
      expect(database.dialect).toBe(dialect);
      await database.projects.create(project());
    }
    await using database = await openDatabase(url, present);

    expect((await database.projects.list()).map(({ name }) => name)).toEqual(['fleet']);
    expect(await rows(url, 'select version from schema_version')).toEqual([{ version: presentVersion }]);
  });

  it('migrates what an older version left', async () => {
    const url = await fresh.url();
    {
      await using database = await openDatabase(url, present);
      await database.projects.create(project());
    }
    {
      await using database = await openDatabase(url, later);
      expect((await database.projects.find('fleet'))?.description).toBe('migrated');
    }

    expect(await rows(url, 'select note from projects')).toEqual([{ note: 'new' }]);
    expect(await rows(url, 'select version from schema_version')).toEqual([{ version: laterVersion }]);
  });

  it('refuses what a newer version left, and names both versions', async () => {
    const url = await fresh.url();
    {
      await using _ = await openDatabase(url, later);
    }

    await expect(openDatabase(url, present)).rejects.toMatchObject({
      code: 'db.invalid',
      message: `the database has schema ${laterVersion}, and this version of Proteus knows schemas up to ${presentVersion}`,
    });
    expect(await rows(url, 'select version from schema_version')).toEqual([{ version: laterVersion }]);
  });

  it('leaves everything as it was when a migration fails', async () => {
    const url = await fresh.url();
    {
      await using database = await openDatabase(url, present);
      await database.projects.create(project());
    }

    await expect(
      openDatabase(url, { now: () => 1, migrations: [...allMigrations, failingMigration] }),
    ).rejects.toThrow('this migration is wrong');

    await using database = await openDatabase(url, present);
    expect((await database.projects.find('fleet'))?.description).toBe('');
    await expect(rows(url, 'select * from notes')).rejects.toThrow(/notes/);
  });

  it('leaves everything as it was when it is killed in a migration', async () => {
    const url = await fresh.url();
    {
      await using database = await openDatabase(url, present);
      await database.projects.create(project());
    }
    await using child = await startChild(url, 'hang-in-migration');
    await child.says('ready');
    await child.killHard();

    {
      await using database = await openDatabase(url, present);
      expect((await database.projects.find('fleet'))?.description).toBe('');
    }
    await using database = await openDatabase(url, later);
    expect((await database.projects.find('fleet'))?.description).toBe('migrated');
  });

  it('makes or migrates the schema once when several servers start at once', async () => {
    const url = await fresh.url('blank');
    const startAll = async (task: string) => {
      const children = await Promise.all(Array.from({ length: 4 }, () => startChild(url, task)));
      await Promise.all(children.map((child) => child.says('done')));
    };

    await startAll('open');
    expect(await rows(url, 'select version from schema_version')).toEqual([{ version: presentVersion }]);
    await startAll('migrate');
    expect(await rows(url, 'select version from schema_version')).toEqual([{ version: laterVersion }]);
  });

  it('finds nothing of a transaction in which the server was killed', async () => {
    const url = await fresh.url();
    await using child = await startChild(url, 'hang-in-transaction');
    await child.says('ready');
    await child.killHard();

    await using database = await openDatabase(url, present);
    expect(await database.projects.list()).toEqual([]);
    await database.projects.create(project());
  });

  it('finds all that was done before the server was killed', async () => {
    const url = await fresh.url();
    await using child = await startChild(url, 'create-projects', 'x');
    await child.says('50');
    await child.killHard();

    await using database = await openDatabase(url, present);
    expect((await database.projects.list()).length).toBeGreaterThan(50);
    expect(await database.projects.find('x-50')).toBeDefined();
  });

  it('lets several processes write at once', async () => {
    const url = await fresh.url();
    const children = await Promise.all(
      ['a', 'b', 'c'].map((name) => startChild(url, 'create-projects', name)),
    );
    await Promise.all(children.map((child) => child.says('done')));

    await using database = await openDatabase(url, present);
    expect(await database.projects.list()).toHaveLength(600);
  });
});

describe.runIf(dialects.includes('sqlite'))('opening a file', () => {
  const fresh = freshDatabases('sqlite');

  it('copies it before it is migrated, and only then', async () => {
    const file = await fresh.url();
    const backups = () =>
      readdirSync(path.dirname(file)).filter((name) => name.startsWith(`${path.basename(file)}.`));
    {
      await using database = await openDatabase(`sqlite:${file}`, present);
      await database.projects.create(project());
      expect(backups()).toEqual([]);
    }
    for (const _ of [1, 2]) {
      await using _database = await openDatabase(`sqlite://${file}`, later);
    }

    const copy = `${path.basename(file)}.backup-${presentVersion}-20260607T080910011`;
    expect(backups()).toEqual([copy]);
    await using database = await openDatabase(path.join(path.dirname(file), copy), present);
    expect((await database.projects.find('fleet'))?.description).toBe('');
  });

  it('keeps it and its copies for its owner alone', async () => {
    const file = await fresh.url('blank');
    {
      await using _ = await openDatabase(file, present);
    }
    await using _ = await openDatabase(file, later);

    const names = [file, `${file}-wal`, `${file}.backup-${presentVersion}-20260607T080910011`];
    const modes = await Promise.all(names.map(async (name) => (await stat(name)).mode & 0o777));
    expect(modes).toEqual([0o600, 0o600, 0o600]);
  });

  it('says what is wrong with what is not a database, or cannot be opened', async () => {
    const file = await fresh.url('blank');
    writeFileSync(file, 'this is a text, and quite a long one so that it has a whole header of some kind');

    await expect(openDatabase(file, present)).rejects.toMatchObject({
      code: 'db.invalid',
      message: `${file} is not an SQLite database, or is damaged: file is not a database`,
    });
    await expect(openDatabase('/nowhere/at/all', present)).rejects.toMatchObject({
      code: 'db.unreachable',
      message: '/nowhere/at/all cannot be read or written: unable to open database file',
    });
    await expect(openDatabase('mysql://u:secret@host/x', present)).rejects.toMatchObject({
      code: 'db.invalid',
      message: "wanted the address of a database, got 'mysql://u@host/x'",
    });
  });
});
