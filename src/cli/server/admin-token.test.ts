import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createAccess } from '../../ci/access/create-access.ts';
import { openDatabase } from '../../db/open-database.ts';
import { adminToken } from './admin-token.ts';
import { type DataDirectory, dataDirectory } from './data-directory.ts';

let directory: DataDirectory;
beforeEach(async () => {
  directory = dataDirectory(await mkdtemp(path.join(tmpdir(), 'token-')));
});
afterEach(() => rm(directory.root, { recursive: true }));

const now = (): number => 1000;

it('makes an administrator’s token once, for the owner’s eyes', async () => {
  await using database = await openDatabase(directory.database, { now });

  const first = await adminToken(database, directory, now);
  const second = await adminToken(database, directory, now);

  expect(second).toBe(first);
  expect(await readFile(directory.adminToken, 'utf8')).toBe(`${first}\n`);
  expect((await stat(directory.adminToken)).mode & 0o777).toBe(0o600);
  expect(await createAccess({ users: database.users, now }).userOfToken(first)).toMatchObject({
    name: 'local',
    roles: ['admin'],
    passwordHash: '!',
  });
});

it('makes another when the kept one is no good any more', async () => {
  await using database = await openDatabase(directory.database, { now });
  const first = await adminToken(database, directory, now);
  const [token] = await database.users.tokens('local');
  await database.users.deleteToken('local', token?.id ?? 0);

  const second = await adminToken(database, directory, now);

  expect(second).not.toBe(first);
  expect(await database.users.tokens('local')).toHaveLength(1);
});
