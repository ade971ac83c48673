/** The settings of a server as the command line gives them, for `serve` and for what works on its data directly. */

import path from 'node:path';
import type { Command } from 'commander';
import type { ServerConfig } from '../../config/config-schema.ts';
import { defaultDataDirectory } from '../../config/default-data-directory.ts';
import { loadConfig } from '../../config/load-config.ts';
import type { Database } from '../../db/database.ts';
import { openDatabase } from '../../db/open-database.ts';
import type { CliContext } from '../context.ts';
import { type DataDirectory, dataDirectory, makeDataDirectory } from './data-directory.ts';

export interface DataFlags {
  readonly config?: string | undefined;
  readonly dataDirectory?: string | undefined;
  readonly database?: string | undefined;
}

export interface ServerSettings {
  readonly config: ServerConfig;
  /** The configuration file that was read. */
  readonly file: string | undefined;
  /** It may not be there yet. */
  readonly directory: DataDirectory;
  readonly databaseUrl: string;
}

export function withDataFlags(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file (default: /etc/proteus/proteus.toml, where there is one)')
    .option(
      '--data-directory <folder>',
      'data directory of the server (default: /var/lib/proteus as root, else ~/.local/state/proteus/server)',
    )
    .option('--database <url>', 'postgres://… or an SQLite file (default: proteus.db in the data directory)');
}

/** `more`: further keys of the configuration that flags give. Throws `config.invalid`. */
export async function serverSettings(
  context: Pick<CliContext, 'cwd' | 'env'>,
  flags: DataFlags,
  more: Readonly<Record<string, unknown>> = {},
): Promise<ServerSettings> {
  const { cwd, env } = context;
  const { database, dataDirectory: folder } = flags;
  const isFile = database !== undefined && !/^[a-z]+:/i.test(database);
  const { config, file } = await loadConfig({
    file: flags.config === undefined ? undefined : path.resolve(cwd, flags.config),
    flags: {
      'data-directory': folder === undefined ? undefined : path.resolve(cwd, folder),
      database: isFile ? path.resolve(cwd, database) : database,
      ...more,
    },
  });
  const directory = dataDirectory(config['data-directory'] ?? defaultDataDirectory(env));
  return { config, file, directory, databaseUrl: config.database ?? directory.database };
}

/** The database, migrated; the data directory is made where it is missing. */
export async function openServerDatabase(settings: ServerSettings): Promise<Database> {
  if (settings.config.database === undefined) await makeDataDirectory(settings.directory.root);
  return openDatabase(settings.databaseUrl, { now: Date.now });
}

/** That of the server which the flags of a command name. Throws `config.invalid`, and what opening it throws. */
export async function openDatabaseOf(
  context: Pick<CliContext, 'cwd' | 'env'>,
  flags: DataFlags,
): Promise<Database> {
  return openServerDatabase(await serverSettings(context, flags));
}
