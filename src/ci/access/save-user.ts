/** Makes, changes and deletes users as administrators ask, each all of it or nothing. */

import type { Database } from '../../db/database.ts';
import type { UserRecord } from '../../db/records.ts';
import { AppError } from '../../util/app-error.ts';
import { importPasswordHash } from './password-hash.ts';

export interface UserChange {
  readonly name: string;
  /** The user had this name before. */
  readonly renameFrom?: string | undefined;
  /** Undefined: as it is, or `hydra` for a new user. */
  readonly type?: string | undefined;
  /** Null takes it away; undefined leaves it. */
  readonly fullName?: string | null | undefined;
  readonly email?: string | undefined;
  /** Argon2id, or SHA-1 in base 16 from an old Hydra; `!` for none; undefined leaves it. */
  readonly passwordHash?: string | undefined;
  readonly wipeRoles: boolean;
  readonly roles: readonly string[];
}

export interface SavedUser {
  readonly user: UserRecord;
  readonly done: 'made' | 'changed' | 'renamed';
}

/** Throws `user.unknown` when the user to rename is not there, `access.hash-invalid`, `db.conflict` when the new name is taken. */
export async function saveUser(
  change: UserChange,
  database: Pick<Database, 'transaction'>,
): Promise<SavedUser> {
  const { name, renameFrom } = change;
  // It takes its time, which does not belong into the transaction.
  const given = change.passwordHash;
  const passwordHash = given === undefined || given === '!' ? given : await importPasswordHash(given);
  return database.transaction(async ({ users }) => {
    if (renameFrom !== undefined) {
      if ((await users.find(renameFrom)) === undefined) {
        throw new AppError('user.unknown', `there is no user '${renameFrom}' to rename`);
      }
      await users.rename(renameFrom, name);
    }
    const known = await users.find(name);
    const roles = new Set([...(change.wipeRoles ? [] : (known?.roles ?? [])), ...change.roles]);
    const user: UserRecord = {
      name,
      fullName: change.fullName === undefined ? (known?.fullName ?? null) : change.fullName,
      email: change.email ?? known?.email ?? '',
      passwordHash: passwordHash ?? known?.passwordHash ?? '!',
      emailOnError: known?.emailOnError ?? false,
      type: change.type ?? known?.type ?? 'hydra',
      publicDashboard: known?.publicDashboard ?? false,
      roles: [...roles],
    };
    await users.save(user);
    // Whoever signed in with the old password must do so again.
    if (passwordHash !== undefined) await users.deleteSessions(name);
    const done = renameFrom !== undefined ? 'renamed' : known === undefined ? 'made' : 'changed';
    return { user, done };
  });
}

/** With all tokens and sessions. Throws `user.unknown`, and `user.invalid` for the owner of a project. */
export function deleteUser(name: string, database: Pick<Database, 'transaction'>): Promise<void> {
  return database.transaction(async ({ users, projects }) => {
    if ((await users.find(name)) === undefined) {
      throw new AppError('user.unknown', `there is no user '${name}'`);
    }
    const owned = (await projects.list()).filter(({ owner }) => owner === name);
    if (owned.length > 0) {
      throw new AppError(
        'user.invalid',
        `'${name}' owns ${owned.map((project) => project.name).join(', ')}: give them another owner first`,
      );
    }
    await users.delete(name);
  });
}
