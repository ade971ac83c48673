import type { Command } from 'commander';
import { AppError } from '../../util/app-error.ts';
import type { CliContext } from '../context.ts';
import { type ServerFlags, withServerFlags } from './connect-to-server.ts';

export interface StoreFlags extends ServerFlags {
  readonly database?: string | undefined;
}

export function withStoreFlags(command: Command): Command {
  return withServerFlags(command).option(
    '--database <url>',
    'postgres://… or an SQLite file of a server on this machine (default: as configured)',
  );
}

/**
 * Whether a command asks a server, by its address and a token, or works on the database of a server on this machine, which
 * need not run. Throws `usage.invalid`.
 */
export function worksOnServer({ env }: Pick<CliContext, 'env'>, flags: StoreFlags): boolean {
  const isHere = [flags.database, flags.dataDirectory, flags.config].some((flag) => flag !== undefined);
  if (flags.server !== undefined && flags.database !== undefined) {
    throw new AppError('usage.invalid', 'only one of --server and --database can be given');
  }
  return flags.server !== undefined || (!isHere && Boolean(env.PROTEUS_SERVER));
}
