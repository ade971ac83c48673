import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/db/open-database.ts';
import { dialects, freshDatabases } from './fresh-databases.ts';
import { project } from './samples.ts';

describe.runIf(dialects.includes('postgres'))('a PostgreSQL that goes away', () => {
  const fresh = freshDatabases('postgres');
  const unreachable = { code: 'db.unreachable' };

  it('is told of, and used again when it is back', async () => {
    await using database = await fresh.open();
    await database.projects.create(project());
    // Several connections, all of which break while nothing uses them.
    await Promise.all(Array.from({ length: 8 }, () => database.projects.list()));

    await fresh.cluster.stop();
    await expect(database.projects.list()).rejects.toMatchObject(unreachable);
    await expect(database.transaction((tx) => tx.projects.list())).rejects.toMatchObject(unreachable);
    await expect(openDatabase(fresh.cluster.url('test1'), { now: () => 1 })).rejects.toMatchObject(
      unreachable,
    );
    await fresh.cluster.start();

    expect((await database.projects.list()).map(({ name }) => name)).toEqual(['fleet']);
  });

  it('undoes a transaction in the middle of which it went', async () => {
    await using database = await fresh.open();

    const broken = database.transaction(async (tx) => {
      await tx.projects.create(project({ name: 'before' }));
      await fresh.cluster.stop();
      await tx.projects.create(project({ name: 'after' }));
    });
    await expect(broken).rejects.toMatchObject(unreachable);
    await fresh.cluster.start();

    expect(await database.projects.list()).toEqual([]);
    await database.transaction((tx) => tx.projects.create(project({ name: 'again' })));
    expect((await database.projects.list()).map(({ name }) => name)).toEqual(['again']);
  });

  it('that ends single connections is asked over another one', async () => {
    await using database = await fresh.open();
    await Promise.all(Array.from({ length: 4 }, () => database.projects.list()));

    await fresh.cluster.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'proteus'`,
    );
    // The pool learns of it from its sockets; a call before that is told, a later one works.
    await delay(100);

    expect(await database.projects.list()).toEqual([]);
  });

  it('names itself in errors without the password', async () => {
    const nowhere = 'postgres://alice:secret@localhost:1/proteus';

    await expect(openDatabase(nowhere, { now: () => 1 })).rejects.toMatchObject({
      code: 'db.unreachable',
      message: expect.stringMatching(/^the connection to postgres:\/\/alice@localhost:1\/proteus failed: /),
    });
    await expect(openDatabase(fresh.cluster.url('missing'), { now: () => 1 })).rejects.toMatchObject({
      code: 'db.unreachable',
      message: expect.stringContaining('database "missing" does not exist'),
    });
  });
});
