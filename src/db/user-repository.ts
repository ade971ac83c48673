/** Users, their sessions and their tokens. Secrets come as hashes and are never kept. */

import type { Connection } from './connection.ts';
import type { UserRepository } from './database.ts';
import { flag } from './flag.ts';
import { inTexts } from './in-list.ts';
import type { UserRecord } from './records.ts';
import { mustExist, orTaken } from './taken.ts';

const columns = [
  'name',
  'full_name as fullName',
  'email',
  'password_hash as passwordHash',
  'email_on_error as emailOnError',
  'type',
  'public_dashboard as publicDashboard',
] as const;
const tokenColumns = [
  'id',
  'user_name as user',
  'name',
  'created_at as createdAt',
  'last_used_at as lastUsedAt',
  'expires_at as expiresAt',
] as const;

/** A program may send a hundred requests a second; each of them is not worth a write. */
const usedEveryMs = 60_000;

export function createUserRepository(connection: Connection): UserRepository {
  const { db } = connection;
  const select = () => db.selectFrom('users').select(columns);

  async function records(query: ReturnType<typeof select>): Promise<readonly UserRecord[]> {
    const rows = await query.orderBy('name').execute();
    const roles = await rolesOf(
      connection,
      rows.map(({ name }) => name),
    );
    return rows.map((row) => ({
      ...row,
      emailOnError: row.emailOnError === 1,
      publicDashboard: row.publicDashboard === 1,
      roles: roles.get(row.name) ?? [],
    }));
  }

  async function find(name: string): Promise<UserRecord | undefined> {
    return (await records(select().where('name', '=', name)))[0];
  }

  return {
    list: () => records(select()),
    find,
    save: (user) =>
      connection.transaction(async ({ db }) => {
        const values = {
          full_name: user.fullName,
          email: user.email,
          password_hash: user.passwordHash,
          email_on_error: flag(user.emailOnError),
          type: user.type,
          public_dashboard: flag(user.publicDashboard),
        };
        await db
          .insertInto('users')
          .values({ name: user.name, ...values })
          .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
          .execute();
        await db.deleteFrom('user_roles').where('user_name', '=', user.name).execute();
        const roles = [...new Set(user.roles)].map((role) => ({ user_name: user.name, role }));
        if (roles.length > 0) await db.insertInto('user_roles').values(roles).execute();
      }),
    rename: (from, to) =>
      connection.transaction(async ({ db }) => {
        const changed = await orTaken(`a user named '${to}'`, () =>
          db.updateTable('users').set({ name: to }).where('name', '=', from).executeTakeFirst(),
        );
        mustExist(changed, `user '${from}'`);
        await db.updateTable('projects').set({ owner: to }).where('owner', '=', from).execute();
        await db
          .updateTable('project_members')
          .set({ user_name: to })
          .where('user_name', '=', from)
          .execute();
      }),
    delete: (name) =>
      connection.transaction(async ({ db }) => {
        await db.deleteFrom('project_members').where('user_name', '=', name).execute();
        await db.deleteFrom('users').where('name', '=', name).execute();
      }),
    async createSession(hash, user, expiresAt) {
      await db.insertInto('sessions').values({ hash, user_name: user, expires_at: expiresAt }).execute();
    },
    async userOfSession(hash, now) {
      const row = await db
        .selectFrom('sessions')
        .select('user_name')
        .where('hash', '=', hash)
        .where('expires_at', '>', now)
        .executeTakeFirst();
      return row && (await find(row.user_name));
    },
    async deleteSession(hash) {
      await db.deleteFrom('sessions').where('hash', '=', hash).execute();
    },
    async deleteSessions(user) {
      await db.deleteFrom('sessions').where('user_name', '=', user).execute();
    },
    createToken: ({ hash, user, name, createdAt, expiresAt }) =>
      db
        .insertInto('tokens')
        .values({ hash, user_name: user, name, created_at: createdAt, expires_at: expiresAt })
        .returning(tokenColumns)
        .executeTakeFirstOrThrow(),
    async userOfToken(hash, now) {
      const row = await db
        .selectFrom('tokens')
        .select(['id', 'user_name', 'last_used_at'])
        .where('hash', '=', hash)
        .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', now)]))
        .executeTakeFirst();
      if (row === undefined) return undefined;
      if (row.last_used_at === null || row.last_used_at <= now - usedEveryMs)
        await db.updateTable('tokens').set({ last_used_at: now }).where('id', '=', row.id).execute();
      return find(row.user_name);
    },
    tokens: (user) =>
      db.selectFrom('tokens').select(tokenColumns).where('user_name', '=', user).orderBy('id').execute(),
    async deleteToken(user, id) {
      const { numDeletedRows } = await db
        .deleteFrom('tokens')
        .where('user_name', '=', user)
        .where('id', '=', id)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },
  };
}

async function rolesOf(
  { db, dialect }: Connection,
  names: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await db
    .selectFrom('user_roles')
    .select(['user_name', 'role'])
    .where(inTexts(dialect, 'user_name', names))
    .orderBy('role')
    .execute();
  const byUser = Map.groupBy(rows, (row) => row.user_name);
  return new Map(byUser.entries().map(([name, rows]) => [name, rows.map(({ role }) => role)]));
}
