/** Users from the command line, with the cases of hydra.md §10.3 (scripts/hydra-create-user.t). */

import { createHash } from 'node:crypto';
import { symlink } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createAccess } from '../../src/ci/access/create-access.ts';
import { verifyPassword } from '../../src/ci/access/password-hash.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import type { UserRecord } from '../../src/db/records.ts';
import { type ProcessResult, runProcess } from '../../src/process/run-process.ts';
import { parseEvents, proteus } from '../helpers/proteus.ts';
import { makeAdmin, serve } from '../helpers/serve.ts';
import { makeFolder } from '../helpers/write-network.ts';

const program = path.join(import.meta.dirname, '../../bin/proteus');
const hydraHash = '$argon2id$v=19$m=262144,t=3,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';

let directory: string;
beforeEach(async () => {
  directory = await makeFolder();
});

const create = (...args: readonly string[]): Promise<ProcessResult> =>
  proteus(['user', 'create', ...args, '--data-directory', directory]);

async function user(name: string): Promise<UserRecord | undefined> {
  await using database = await openDatabase(path.join(directory, 'proteus.db'), { now: Date.now });
  return await database.users.find(name);
}

const prompted = (answers: string): Promise<ProcessResult> =>
  runProcess([program, 'user', 'create', 'alice', '--password-prompt', '--data-directory', directory], {
    input: answers,
    okCodes: [0, 1],
  });

describe('proteus user create', () => {
  it('makes a user, then changes only what is said', async () => {
    const made = await create(
      'alice',
      '--full-name',
      'Alice Q. User',
      '--email-address',
      'a@b',
      '--role',
      'admin',
    );
    const changed = await create('alice', '--role', 'create-projects');

    expect(made).toMatchObject({ code: 0, stderr: "creating new user `alice'\n" });
    expect(changed).toMatchObject({ code: 0, stderr: "updating existing user `alice'\n" });
    expect(await user('alice')).toEqual({
      name: 'alice',
      fullName: 'Alice Q. User',
      email: 'a@b',
      passwordHash: '!',
      emailOnError: false,
      type: 'hydra',
      publicDashboard: false,
      roles: ['admin', 'create-projects'],
    });
  });

  it('wipes roles before it adds some, and takes a name away', async () => {
    await create('alice', '--full-name', 'Alice', '--role', 'admin', '--role', 'restart-jobs');
    await create('alice', '--wipe-roles', '--role', 'bump-to-front', '--full-name', '');

    expect(await user('alice')).toMatchObject({ roles: ['bump-to-front'], fullName: null });
  });

  it('warns of a role that nothing knows, and takes it all the same', async () => {
    const { code, stderr } = await create('alice', '--role', 'emperor');

    expect(code).toBe(0);
    expect(stderr).toContain("warning: the role 'emperor' allows nothing here");
    expect(await user('alice')).toMatchObject({ roles: ['emperor'] });
  });

  it('renames, and says when there is nobody to rename', async () => {
    await create('bob', '--role', 'admin');

    expect(await create('robert', '--rename-from', 'bob')).toMatchObject({
      code: 0,
      stderr: "renaming user `bob' to `robert'\n",
    });
    expect(await user('robert')).toMatchObject({ roles: ['admin'] });
    expect(await create('x', '--rename-from', 'bob')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("there is no user 'bob' to rename"),
    });
    expect(await user('x')).toBeUndefined();
  });

  it('hashes a password of the command line, and warns of it', async () => {
    const { stderr } = await create('alice', '--password', 'foobar');
    const { passwordHash = '' } = (await user('alice')) ?? {};

    expect(stderr).toContain('warning: a password on the command line can be seen by others');
    expect(passwordHash).toMatch(/^\$argon2id\$/);
    expect(await verifyPassword('foobar', passwordHash)).toBe('right');
  });

  it('keeps an Argon2 hash as it is', async () => {
    await create('alice', '--password-hash', hydraHash);

    expect(await user('alice')).toMatchObject({ passwordHash: hydraHash });
  });

  it('wraps the SHA-1 of an old Hydra, which the next login replaces', async () => {
    await create('alice', '--password-hash', createHash('sha1').update('foobar').digest('hex'));
    const before = (await user('alice'))?.passwordHash;
    await using database = await openDatabase(path.join(directory, 'proteus.db'), { now: Date.now });
    const access = createAccess({ users: database.users, now: Date.now });

    expect(before).toMatch(/^\$argon2id\$/);
    expect(await verifyPassword('foobar', before)).toBe('outdated');
    expect(await access.login('alice', 'foobar', '127.0.0.1')).toMatchObject({ user: { name: 'alice' } });
    expect(await verifyPassword('foobar', (await user('alice'))?.passwordHash)).toBe('right');
  });

  it('ends the sessions of a user whose password changes, and of nobody else', async () => {
    for (const name of ['alice', 'bob']) await create(name, '--password', 'foobar');
    const sessions = async (): Promise<readonly (string | undefined)[]> => {
      await using database = await openDatabase(path.join(directory, 'proteus.db'), { now: Date.now });
      const found = await Promise.all(
        ['a', 'b'].map((hash) => database.users.userOfSession(hash, Date.now())),
      );
      return found.map((user) => user?.name);
    };
    {
      await using database = await openDatabase(path.join(directory, 'proteus.db'), { now: Date.now });
      await database.users.createSession('a', 'alice', Date.now() + 60_000);
      await database.users.createSession('b', 'bob', Date.now() + 60_000);
    }

    await create('bob', '--role', 'admin');
    expect(await sessions()).toEqual(['alice', 'bob']);
    await create('alice', '--password', 'foobaz');
    expect(await sessions()).toEqual([undefined, 'bob']);
  });

  it('asks for a password twice', async () => {
    expect(await prompted('my-secret\nmy-secret\n')).toMatchObject({ code: 0 });
    expect(await verifyPassword('my-secret', (await user('alice'))?.passwordHash)).toBe('right');
  });

  it.each([
    ['my-secret\nmy-sceret\n', "Passwords don't match."],
    ['\n\n', 'an empty password is not allowed'],
    ['', 'an empty password is not allowed'],
  ])('makes no user from the answers %j', async (answers, message) => {
    expect(await prompted(answers)).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
    expect(await user('alice')).toBeUndefined();
  });

  it.each([
    [[], 'one user name required'],
    [['alice', 'bob'], 'one user name required, got alice bob'],
    [['alice', '--password', 'a', '--password-hash', hydraHash], 'only one of'],
    [['alice', '--password', 'a', '--password-prompt'], 'only one of'],
    [['alice', '--type', 'google'], 'is named by an e-mail address'],
    [['a@b', '--type', 'github', '--email-address', 'c@d'], '--email-address cannot be given'],
    [['a@b', '--type', 'github', '--password', 'x'], 'has no password here'],
    [['alice', '--password-hash', 'foobar'], 'wanted a password hash'],
    [['alice', '--no-such-flag'], 'unknown option'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await create(...args);

    expect(code).not.toBe(0);
    expect(stderr).toContain(message);
    expect(await user('alice')).toBeUndefined();
  });

  it('makes a user of another service from the address alone', async () => {
    await create('alice@example.org', '--type', 'google', '--role', 'admin');

    expect(await user('alice@example.org')).toMatchObject({
      type: 'google',
      email: 'alice@example.org',
      passwordHash: '!',
      roles: ['admin'],
    });
  });

  it('goes by the name of hydra-create-user, too', async () => {
    const link = path.join(await makeFolder(), 'hydra-create-user');
    await symlink(program, link);

    const { code, stderr } = await runProcess(
      [link, 'alice', '--password-hash', hydraHash, '--role', 'admin', '--data-directory', directory],
      { okCodes: [0, 1, 2] },
    );

    expect({ code, stderr }).toEqual({ code: 0, stderr: "creating new user `alice'\n" });
    expect(await user('alice')).toMatchObject({ roles: ['admin'], passwordHash: hydraHash });
  });
});

describe('users of a server elsewhere', () => {
  it('are made, listed and deleted through it, by an administrator', async () => {
    await using server = await serve(directory);
    const token = await makeAdmin(directory, 'root');
    const remote = (...args: readonly string[]) =>
      proteus(['user', ...args, '--server', server.url], { env: { PROTEUS_TOKEN: token } });

    expect(await remote('create', 'alice', '--role', 'admin', '--password-hash', hydraHash)).toMatchObject({
      code: 0,
      stderr: "creating new user `alice'\n",
    });
    expect(await user('alice')).toMatchObject({ roles: ['admin'], passwordHash: hydraHash });
    expect(await remote('create', 'alina', '--rename-from', 'alice', '--wipe-roles')).toMatchObject({
      stderr: "renaming user `alice' to `alina'\n",
    });
    expect(await user('alina')).toMatchObject({ roles: [], passwordHash: hydraHash });
    expect((await remote('list')).stdout).toMatch(/^alina .* yes/m);
    expect(await remote('delete', 'alina')).toMatchObject({ code: 0, stderr: "deleted user `alina'\n" });
    expect(await user('alina')).toBeUndefined();
    expect(await remote('delete', 'alina')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("there is no user 'alina'"),
    });
    const refused = await proteus(['user', 'list', '--server', server.url], { env: { PROTEUS_TOKEN: '' } });
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--token-file') });
  });

  it('are not looked for in two places', async () => {
    const args = ['user', 'list', '--server', 'http://localhost:1', '--database', '/x.db'];

    expect((await proteus(args)).stderr).toContain('only one of --server and --database');
  });
});

describe('proteus user list and delete', () => {
  const list = () => proteus(['user', 'list', '--data-directory', directory, '--json']);

  it('lists users without their hashes, and deletes them', async () => {
    await create('alice', '--role', 'admin', '--password-hash', hydraHash);
    await create('bob');
    const { stdout } = await proteus(['user', 'list', '--data-directory', directory]);
    const [{ users } = {}] = parseEvents((await list()).stdout);

    expect(stdout).toBe(
      'name   full name  e-mail  password  roles\nalice  -                  yes       admin\nbob    -                  no\n',
    );
    expect(users).toMatchObject([
      { name: 'alice', hasPassword: true },
      { name: 'bob', hasPassword: false },
    ]);
    expect(JSON.stringify(users)).not.toContain('argon2');

    await proteus(['user', 'delete', 'bob', '--data-directory', directory]);

    expect(parseEvents((await list()).stdout)).toMatchObject([{ users: [{ name: 'alice' }] }]);
  });

  it('deletes nobody who is not there, and no owner of a project', async () => {
    await create('alice');
    {
      await using database = await openDatabase(path.join(directory, 'proteus.db'), { now: Date.now });
      await database.projects.create({
        name: 'fleet',
        displayName: 'Fleet',
        description: '',
        homepage: '',
        owner: 'alice',
        enabled: true,
        hidden: false,
        enableDynamicRunCommand: false,
        declarative: null,
      });
    }
    const remove = (name: string) => proteus(['user', 'delete', name, '--data-directory', directory]);

    expect(await remove('bob')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("there is no user 'bob'"),
    });
    expect(await remove('alice')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("'alice' owns fleet: give them another owner first"),
    });
  });
});
