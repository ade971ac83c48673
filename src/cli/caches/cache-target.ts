/**
 * Which cache is uploaded to, and with which token: `--to` or `PROTEUS_CACHE`, else the server of the local data
 * directory; `--token-file` or `PROTEUS_CACHE_TOKEN`, else for that server the token that lies in its data directory. Never
 * a token on the command line, where others can see it.
 */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { findServer } from '../client/find-server.ts';
import type { CliContext } from '../context.ts';
import { serverSettings } from '../server/server-settings.ts';

export interface CacheTargetFlags {
  readonly to?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly dataDirectory?: string | undefined;
  readonly config?: string | undefined;
}

export interface CacheTarget {
  readonly url: string;
  readonly token: string | undefined;
}

export function withCacheTarget(command: Command): Command {
  return command
    .option(
      '--to <url>',
      'the cache, e.g. https://ci.example.org/c/team (default: PROTEUS_CACHE, else the server on this machine)',
    )
    .option('--token-file <file>', 'file with a token that may push (default: PROTEUS_CACHE_TOKEN)')
    .option('--data-directory <folder>', 'data directory of a server on this machine')
    .option('--config <file>', 'configuration file of a server on this machine');
}

/** Throws `usage.invalid`, `server.unreachable`. */
export async function cacheTarget(context: CliContext, flags: CacheTargetFlags): Promise<CacheTarget> {
  const { env, cwd } = context;
  const given =
    flags.tokenFile === undefined
      ? env.PROTEUS_CACHE_TOKEN || undefined
      : await readToken(path.resolve(cwd, flags.tokenFile));
  const url = flags.to ?? (env.PROTEUS_CACHE || undefined);
  if (url !== undefined) return { url: url.replace(/\/+$/, ''), token: given };
  const { directory } = await serverSettings(context, flags);
  const local = await findServer(
    {},
    { env: { ...env, PROTEUS_SERVER: undefined }, cwd, directory: directory.root },
  );
  return { url: local.url, token: given ?? local.token };
}

async function readToken(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw new AppError('usage.invalid', `cannot read the token file ${file}: ${errorMessage(cause)}`, {
      cause,
    });
  }
}
