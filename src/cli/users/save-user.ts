/** Makes or changes a user as `proteus user create` asks, all of it or nothing. */

import { hashPassword, importPasswordHash } from '../../ci/access/password-hash.ts';
import type { Database } from '../../db/database.ts';
import type { UserRecord } from '../../db/records.ts';
import { AppError } from '../../util/app-error.ts';
import type { UserRequest, WantedPassword } from './user-request.ts';

export interface SavedUser {
  readonly user: UserRecord;
  readonly isNew: boolean;
}

export interface SaveUserDeps {
  readonly database: Pick<Database, 'transaction'>;
  /** Asks for the password, twice. */
  readonly prompt: () => Promise<string>;
  /** Told before anything is done, as Hydra does. */
  readonly say: (line: string) => void;
}

/** Throws `user.unknown` when the user to rename is not there, `access.hash-invalid`, `db.conflict` when the new name is taken. */
export async function saveUser(request: UserRequest, deps: SaveUserDeps): Promise<SavedUser> {
  // Hashing takes its time, and asking even more: neither belongs into the transaction.
  const passwordHash = await hashOf(request.password, deps.prompt);
  return deps.database.transaction(async ({ users }) => {
    const { name, renameFrom } = request;
    if (renameFrom !== undefined) {
      if ((await users.find(renameFrom)) === undefined) {
        throw new AppError('user.unknown', `there is no user '${renameFrom}' to rename`);
      }
      deps.say(`renaming user \`${renameFrom}' to \`${name}'`);
      await users.rename(renameFrom, name);
    }
    const known = await users.find(name);
    if (renameFrom === undefined) {
      deps.say(known === undefined ? `creating new user \`${name}'` : `updating existing user \`${name}'`);
    }
    const roles = new Set([...(request.wipeRoles ? [] : (known?.roles ?? [])), ...request.roles]);
    const user: UserRecord = {
      name,
      fullName: request.fullName === undefined ? (known?.fullName ?? null) : request.fullName,
      email: request.email ?? known?.email ?? '',
      passwordHash: passwordHash ?? known?.passwordHash ?? '!',
      emailOnError: known?.emailOnError ?? false,
      type: request.type ?? known?.type ?? 'hydra',
      publicDashboard: known?.publicDashboard ?? false,
      roles: [...roles],
    };
    await users.save(user);
    // Whoever signed in with the old password must do so again.
    if (passwordHash !== undefined) await users.deleteSessions(name);
    // Whoever signed in with the old one must do so again.
    if (passwordHash !== undefined) await users.deleteSessions(name);
    return { user, isNew: known === undefined };
  });
}

async function hashOf(password: WantedPassword, prompt: () => Promise<string>): Promise<string | undefined> {
  switch (password.type) {
    case 'unchanged':
      return undefined;
    case 'none':
      return '!';
    case 'hash':
      return importPasswordHash(password.hash);
    case 'plain':
      return hashPassword(password.password);
    case 'prompt':
      return hashPassword(await prompt());
  }
}
