/** What every command that talks to a server has in common: its flags, and the client they make. */

import type { Command } from 'commander';
import { defaultDataDirectory } from '../../config/default-data-directory.ts';
import type { CliContext } from '../context.ts';
import { serverSettings } from '../server/server-settings.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import { findServer, type ServerChoice } from './find-server.ts';

export interface ServerFlags extends ServerChoice {
  readonly dataDirectory?: string | undefined;
  readonly config?: string | undefined;
}

export function withServerFlags(command: Command): Command {
  return command
    .option('--server <url>', 'the server (default: PROTEUS_SERVER, else the one that runs on this machine)')
    .option(
      '--token-file <file>',
      'file with a token for it (default: PROTEUS_TOKEN, else the one in the data directory)',
    )
    .option('--data-directory <folder>', 'data directory of a server on this machine')
    .option('--config <file>', 'configuration file of a server on this machine');
}

/** Throws what `findServer` throws, and `config.invalid`. */
export async function connectToServer(context: CliContext, flags: ServerFlags): Promise<ApiClient> {
  const { env, cwd, signal } = context;
  const isElsewhere = flags.server !== undefined || Boolean(env.PROTEUS_SERVER);
  const directory = await serverSettings(context, flags).then(
    ({ directory }) => directory.root,
    (error: unknown) => {
      // The configuration of this machine is none of a server's that is somewhere else.
      if (isElsewhere && flags.config === undefined) return defaultDataDirectory(env);
      throw error;
    },
  );
  return createApiClient({ ...(await findServer(flags, { env, cwd, directory })), signal });
}
