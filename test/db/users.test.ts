import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/db/open-database.ts';
import { dialects, freshDatabases } from './fresh-databases.ts';
import { project, user } from './samples.ts';

describe.each(dialects)('users on %s', (dialect) => {
  const fresh = freshDatabases(dialect);

  it('are saved, found, listed by name and deleted, with their roles', async () => {
    await using database = await fresh.open();
    const { users } = database;
    const bob = user({ name: 'bob', fullName: null, roles: ['restart-jobs', 'admin'] });
    await users.save(bob);
    await users.save(user());

    expect(await users.list()).toEqual([user(), { ...bob, roles: ['admin', 'restart-jobs'] }]);

    const changed = user({
      name: 'bob',
      fullName: "Bob O'Neil",
      email: 'b@example.org',
      passwordHash: '$argon2id$x',
      emailOnError: true,
      type: 'LDAP',
      publicDashboard: true,
      roles: ['admin', 'admin'],
    });
    await users.save(changed);
    expect(await users.find('bob')).toEqual({ ...changed, roles: ['admin'] });
    expect(await users.find('Bob')).toBeUndefined();

    await users.delete('bob');
    expect(await users.list()).toEqual([user()]);
  });

  it('keep what is theirs under another name', async () => {
    await using database = await fresh.open();
    const { users, projects } = database;
    await users.save(user({ roles: ['admin'] }));
    await users.save(user({ name: 'bob' }));
    await users.createSession('hash', 'alice', 9000);
    const { id } = await projects.create(project());
    await projects.setMembers(id, ['alice']);

    await expect(users.rename('alice', 'bob')).rejects.toMatchObject({
      code: 'db.conflict',
      message: "there is a user named 'bob' already",
    });
    await expect(users.rename('carol', 'dora')).rejects.toMatchObject({ code: 'db.missing' });
    await users.rename('alice', 'alina');

    expect(await users.userOfSession('hash', 1)).toEqual(user({ name: 'alina', roles: ['admin'] }));
    expect((await projects.find('fleet'))?.owner).toBe('alina');
    expect(await projects.members(id)).toEqual(['alina']);
    await users.delete('alina');
    expect(await projects.members(id)).toEqual([]);
  });

  it('have sessions, until those expire or end', async () => {
    await using database = await fresh.open();
    const { users } = database;
    await users.save(user());
    await users.createSession('one', 'alice', 9000);
    await users.createSession('two', 'alice', 9000);

    expect(await users.userOfSession('one', 8999)).toEqual(user());
    expect(await users.userOfSession('one', 9000)).toBeUndefined();
    expect(await users.userOfSession('ONE', 1)).toBeUndefined();
    await users.deleteSession('one');
    expect(await users.userOfSession('one', 1)).toBeUndefined();
    expect(await users.userOfSession('two', 1)).toEqual(user());
    await users.save(user({ name: 'bob' }));
    await users.createSession('bob', 'bob', 9000);
    await users.createSession('one', 'alice', 9000);
    await users.deleteSessions('alice');
    expect(await users.userOfSession('one', 1)).toBeUndefined();
    expect(await users.userOfSession('two', 1)).toBeUndefined();
    expect(await users.userOfSession('bob', 1)).toBeDefined();
    await users.createSession('two', 'alice', 9000);
    await users.delete('alice');
    expect(await users.userOfSession('two', 1)).toBeUndefined();
    await expect(users.createSession('three', 'alice', 9000)).rejects.toMatchObject({ code: 'db.missing' });
  });

  it('have tokens, which tell when they were used last', async () => {
    await using database = await fresh.open();
    const { users } = database;
    await users.save(user());
    await users.save(user({ name: 'bob' }));
    const forever = await users.createToken({
      hash: 'a',
      user: 'alice',
      name: 'laptop',
      createdAt: 5,
      expiresAt: null,
    });
    const short = await users.createToken({
      hash: 'b',
      user: 'alice',
      name: 'ci',
      createdAt: 6,
      expiresAt: 900,
    });

    expect(forever).toEqual({
      id: forever.id,
      user: 'alice',
      name: 'laptop',
      createdAt: 5,
      lastUsedAt: null,
      expiresAt: null,
    });
    expect(await users.userOfToken('b', 899)).toEqual(user());
    expect(await users.userOfToken('b', 900)).toBeUndefined();
    expect(await users.userOfToken('a', 10 ** 13)).toEqual(user());
    expect(await users.userOfToken('c', 1)).toBeUndefined();
    expect(await users.tokens('alice')).toEqual([
      { ...forever, lastUsedAt: 10 ** 13 },
      { ...short, lastUsedAt: 899 },
    ]);
    await expect(
      users.createToken({ hash: 'a', user: 'bob', name: 'x', createdAt: 1, expiresAt: null }),
    ).rejects.toMatchObject({ code: 'db.conflict' });

    expect(await users.deleteToken('bob', forever.id)).toBe(false);
    expect(await users.deleteToken('alice', forever.id)).toBe(true);
    expect(await users.deleteToken('alice', forever.id)).toBe(false);
    expect(await users.userOfToken('a', 1)).toBeUndefined();
  });

  it('have tokens whose last use is written once a minute', async () => {
    await using database = await fresh.open();
    const { users } = database;
    await users.save(user());
    await users.createToken({ hash: 'a', user: 'alice', name: 'ci', createdAt: 5, expiresAt: null });
    const lastUsed = async (): Promise<unknown> => (await users.tokens('alice'))[0]?.lastUsedAt;

    await users.userOfToken('a', 100_000);
    expect(await users.userOfToken('a', 159_999)).toEqual(user());
    expect(await lastUsed()).toBe(100_000);
    await users.userOfToken('a', 160_000);
    expect(await lastUsed()).toBe(160_000);
  });

  it('are rid of expired sessions when the database is opened', async () => {
    const url = await fresh.url();
    {
      await using database = await openDatabase(url, { now: () => 1 });
      await database.users.save(user());
      await database.users.createSession('one', 'alice', 9000);
      await database.users.createSession('two', 'alice', 9001);
    }
    await using database = await openDatabase(url, { now: () => 9000 });

    expect(await database.users.userOfSession('one', 1)).toBeUndefined();
    expect(await database.users.userOfSession('two', 1)).toEqual(user());
  });
});
