/**
 * Whose tokens a command is about: on a server those of who asks; in the database, on the server's own machine, those
 * of any user.
 */

import type { Command } from 'commander';
import type { UserRepository } from '../../db/database.ts';
import { AppError } from '../../util/app-error.ts';
import type { CliContext } from '../context.ts';
import { openDatabaseOf } from '../server/server-settings.ts';
import type { ApiClient } from './api-client.ts';
import { connectToServer, type ServerFlags, withServerFlags } from './connect-to-server.ts';

export interface TokenFlags extends ServerFlags {
  readonly user?: string | undefined;
  readonly database?: string | undefined;
}

export type TokenOwner = AsyncDisposable &
  (
    | { readonly where: 'server'; readonly client: ApiClient }
    | { readonly where: 'database'; readonly users: UserRepository; readonly user: string }
  );

export function withTokenFlags(command: Command): Command {
  return withServerFlags(command)
    .option('--user <name>', 'of this user, in the database of a server on this machine')
    .option('--database <url>', 'postgres://… or an SQLite file (default: as configured)');
}

/** Throws `user.unknown`, `usage.invalid`, and what connecting throws. */
export async function tokenOwner(context: CliContext, flags: TokenFlags): Promise<TokenOwner> {
  const { user, database: url } = flags;
  if (user === undefined) {
    if (url !== undefined) {
      throw new AppError(
        'usage.invalid',
        '--database is for the tokens of a user: say whose with --user NAME',
      );
    }
    return {
      where: 'server',
      client: await connectToServer(context, flags),
      async [Symbol.asyncDispose]() {},
    };
  }
  const database = await openDatabaseOf(context, flags);
  const known = await database.users.find(user);
  if (known === undefined) {
    await database[Symbol.asyncDispose]();
    throw new AppError('user.unknown', `there is no user '${user}'`);
  }
  return {
    where: 'database',
    users: database.users,
    user,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}
