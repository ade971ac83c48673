/**
 * An administrator's token for commands of the same user on the same machine, in a file of the data directory that
 * only that user can read. `proteus up` makes it, so that nobody has to be created first.
 */

import { readFile, rename, writeFile } from 'node:fs/promises';
import { createAccess } from '../../ci/access/create-access.ts';
import type { Database } from '../../db/database.ts';
import type { DataDirectory } from './data-directory.ts';

/** Whom the token belongs to: an administrator who cannot sign in with a password. */
const user = {
  name: 'local',
  fullName: 'the user of the server’s machine',
  email: '',
  passwordHash: '!',
  emailOnError: false,
  type: 'hydra',
  publicDashboard: false,
  roles: ['admin'],
} as const;

/** The token that is there and still good, else a new one. */
export async function adminToken(
  database: Pick<Database, 'users'>,
  directory: DataDirectory,
  now: () => number,
): Promise<string> {
  const { users } = database;
  const access = createAccess({ users, now });
  const kept = (await readFile(directory.adminToken, 'utf8').catch(() => '')).trim();
  if (kept !== '' && (await access.userOfToken(kept))?.roles.includes('admin')) return kept;
  if ((await users.find(user.name)) === undefined) await users.save(user);
  const { secret } = await access.createToken(user.name, { name: 'proteus up', expiresAt: null });
  const draft = `${directory.adminToken}.new`;
  await writeFile(draft, `${secret}\n`, { mode: 0o600 });
  await rename(draft, directory.adminToken);
  return secret;
}
