import { describe, expect, it } from 'vitest';
import type { UserRepository } from '../../db/database.ts';
import type { TokenRecord, UserRecord } from '../../db/records.ts';
import { createAccess } from './create-access.ts';
import { hashPassword } from './password-hash.ts';

const cheap = { memory: 64, passes: 1, lanes: 1 };

/** The users of a database, in memory. */
function fakeUsers(initial: readonly UserRecord[]) {
  const users = new Map(initial.map((user) => [user.name, user]));
  const sessions = new Map<string, { user: string; expiresAt: number }>();
  const tokens = new Map<string, TokenRecord>();
  const repository: UserRepository = {
    list: async () => [...users.values()],
    find: async (name) => users.get(name),
    save: async (user) => void users.set(user.name, user),
    rename: async () => {},
    delete: async (name) => void users.delete(name),
    createSession: async (hash, user, expiresAt) => void sessions.set(hash, { user, expiresAt }),
    userOfSession: async (hash, now) => {
      const session = sessions.get(hash);
      return session === undefined || session.expiresAt <= now ? undefined : users.get(session.user);
    },
    deleteSession: async (hash) => void sessions.delete(hash),
    deleteSessions: async () => {},
    createToken: async ({ hash, ...rest }) => {
      const token = { ...rest, id: tokens.size + 1, lastUsedAt: null };
      tokens.set(hash, token);
      return token;
    },
    userOfToken: async (hash, now) => {
      const token = tokens.get(hash);
      if (token === undefined || (token.expiresAt ?? now + 1) <= now) return undefined;
      return users.get(token.user);
    },
    tokens: async (name) => [...tokens.values()].filter(({ user }) => user === name),
    deleteToken: async () => false,
  };
  return { repository, users, sessions, tokens };
}

async function setUp() {
  const alice: UserRecord = {
    name: 'alice',
    fullName: null,
    email: 'alice@example.org',
    passwordHash: await hashPassword('foobar', cheap),
    emailOnError: false,
    type: 'hydra',
    publicDashboard: false,
    roles: ['admin'],
  };
  let time = 1_000;
  const fake = fakeUsers([alice, { ...alice, name: 'bob', passwordHash: '!' }]);
  const access = createAccess({ users: fake.repository, now: () => time });
  return {
    ...fake,
    access,
    pass: (ms: number) => {
      time += ms;
    },
  };
}

describe('login', () => {
  it('opens a session of a week, and keeps only a hash of its secret', async () => {
    const { access, sessions, pass } = await setUp();
    const login = await access.login('alice', 'foobar', '192.0.2.1');

    expect(login).toMatchObject({ user: { name: 'alice' }, expiresAt: 1_000 + 7 * 86_400_000 });
    expect([...sessions.keys()][0]).toMatch(/^[0-9a-f]{64}$/);
    expect([...sessions.keys()]).not.toContain(login?.session);
    expect(await access.userOfSession(login?.session ?? '')).toMatchObject({ name: 'alice' });
    pass(7 * 86_400_000);
    expect(await access.userOfSession(login?.session ?? '')).toBeUndefined();
  });

  it('ends with a logout', async () => {
    const { access } = await setUp();
    const login = await access.login('alice', 'foobar', '192.0.2.1');
    await access.logout(login?.session ?? '');

    expect(await access.userOfSession(login?.session ?? '')).toBeUndefined();
  });

  it.each([
    ['alice', 'wrong'],
    ['bob', '!'],
    ['bob', ''],
    ['nobody', 'foobar'],
  ])('refuses %s with password %j', async (name, password) => {
    const { access, sessions } = await setUp();

    expect(await access.login(name, password, '192.0.2.1')).toBeUndefined();
    expect(sessions.size).toBe(0);
  });

  it('hashes a password anew that was hashed in another way', async () => {
    const { access, users } = await setUp();
    const before = users.get('alice')?.passwordHash;
    await access.login('alice', 'wrong', '192.0.2.1');
    expect(users.get('alice')?.passwordHash).toBe(before);

    await access.login('alice', 'foobar', '192.0.2.1');
    const after = users.get('alice')?.passwordHash;
    expect(after).toContain('$m=65536,t=3,p=4$');

    expect(await access.login('alice', 'foobar', '192.0.2.1')).toMatchObject({ user: { roles: ['admin'] } });
    expect(users.get('alice')?.passwordHash).toBe(after);
  });

  it('must wait after many failures, even with the right password', async () => {
    const { access, pass } = await setUp();
    for (let n = 0; n < 5; n += 1) await access.login('alice', 'wrong', '192.0.2.1');

    await expect(access.login('alice', 'foobar', '192.0.2.1')).rejects.toMatchObject({
      code: 'access.too-often',
      message: expect.stringContaining('1.0 s'),
    });
    expect(await access.login('alice', 'foobar', '192.0.2.2')).toBeDefined();
    pass(1000);
    expect(await access.login('alice', 'foobar', '192.0.2.1')).toBeDefined();
  });

  it('counts tries that are made at once', async () => {
    const { access } = await setUp();
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, () => access.login('alice', 'wrong', '192.0.2.1')),
    );

    expect(tries.filter(({ status }) => status === 'rejected')).toHaveLength(15);
  });
});

describe('tokens', () => {
  it('stand for their user until they expire', async () => {
    const { access, pass, tokens } = await setUp();
    const { secret, token } = await access.createToken('alice', { name: 'laptop', expiresAt: 5_000 });

    expect(token).toEqual({
      id: 1,
      user: 'alice',
      name: 'laptop',
      createdAt: 1_000,
      lastUsedAt: null,
      expiresAt: 5_000,
    });
    expect(secret).toMatch(/^proteus_/);
    expect([...tokens.keys()].join()).not.toContain(secret);
    expect(await access.userOfToken(secret)).toMatchObject({ name: 'alice' });
    pass(4_000);
    expect(await access.userOfToken(secret)).toBeUndefined();
  });

  it('are told from sessions', async () => {
    const { access } = await setUp();
    const { secret } = await access.createToken('alice', { name: 'laptop', expiresAt: null });
    const login = await access.login('alice', 'foobar', '192.0.2.1');

    expect(await access.userOfSession(secret)).toBeUndefined();
    expect(await access.userOfToken(login?.session ?? '')).toBeUndefined();
  });
});
