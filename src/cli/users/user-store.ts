/**
 * Where users are made, listed and deleted: on a server, by its address and an administrator's token, or in the database
 * of a server on this machine, which need not run.
 */

import { z } from 'zod';
import { pageOf } from '../../api/v1/schemas/paging.ts';
import { savedUser, user as userSchema } from '../../api/v1/schemas/user.ts';
import { deleteUser, saveUser, type UserChange } from '../../ci/access/save-user.ts';
import { connectToServer } from '../client/connect-to-server.ts';
import { type StoreFlags, worksOnServer } from '../client/works-on-server.ts';
import type { CliContext } from '../context.ts';
import { openDatabaseOf } from '../server/server-settings.ts';

export type ShownUser = z.output<typeof userSchema>;

export interface UserStore extends AsyncDisposable {
  list(): Promise<readonly ShownUser[]>;
  /** `passwordHash` is a hash: passwords themselves are sent nowhere. */
  save(change: UserChange): Promise<z.output<typeof savedUser>>;
  delete(name: string): Promise<void>;
}

/** Throws `usage.invalid`, and what connecting or opening the database throws. */
export async function openUserStore(context: CliContext, flags: StoreFlags): Promise<UserStore> {
  return worksOnServer(context, flags) ? serverStore(context, flags) : databaseStore(context, flags);
}

async function serverStore(context: CliContext, flags: StoreFlags): Promise<UserStore> {
  const client = await connectToServer(context, flags);
  const at = (name: string): string => `/api/v1/users/${encodeURIComponent(name)}`;
  return {
    async list() {
      const users: ShownUser[] = [];
      for (let offset: number | null = 0; offset !== null; ) {
        const page: z.output<typeof pageSchema> = await client.get(
          `/api/v1/users?limit=1000&offset=${offset}`,
          pageSchema,
        );
        users.push(...page.items);
        offset = page.next;
      }
      return users;
    },
    save: ({ name, ...change }) => client.send('PUT', at(name), change, savedUser),
    async delete(name) {
      await client.send('DELETE', at(name), undefined, z.unknown());
    },
    async [Symbol.asyncDispose]() {},
  };
}

const pageSchema = pageOf(userSchema);

async function databaseStore(context: CliContext, flags: StoreFlags): Promise<UserStore> {
  const database = await openDatabaseOf(context, flags);
  return {
    list: async () => (await database.users.list()).map(shown),
    async save(change) {
      const { user, done } = await saveUser(change, database);
      return { user: shown(user), done };
    },
    delete: (name) => deleteUser(name, database),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

function shown({ passwordHash, ...user }: Awaited<ReturnType<typeof saveUser>>['user']): ShownUser {
  return { ...user, roles: [...user.roles], hasPassword: passwordHash !== '!' };
}
