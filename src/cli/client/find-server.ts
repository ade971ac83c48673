/**
 * Which server a command talks to, and who it is there: `--server` and `PROTEUS_SERVER` say where, or else it is the
 * one that runs on the local data directory. A token comes from `--token-file`, `PROTEUS_TOKEN`, or the data directory;
 * that last one goes to the server of that directory only.
 */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { dataDirectory } from '../server/data-directory.ts';
import { findLocalServer } from '../server/server-file.ts';

export interface ServerChoice {
  readonly server?: string | undefined;
  readonly tokenFile?: string | undefined;
}

export interface FoundServer {
  readonly url: string;
  readonly token: string | undefined;
}

/** `directory`: the local data directory. Throws `server.unreachable` when there is none, `usage.invalid`. */
export async function findServer(
  choice: ServerChoice,
  options: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly cwd: string;
    readonly directory: string;
  },
): Promise<FoundServer> {
  const { env, cwd, directory } = options;
  const local = await findLocalServer(directory).catch(() => undefined);
  const url = choice.server ?? (env.PROTEUS_SERVER || undefined) ?? local?.url;
  if (url === undefined) {
    throw new AppError(
      'server.unreachable',
      `no server runs on ${directory}, and neither --server nor PROTEUS_SERVER says where another is`,
    );
  }
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new AppError(
      'usage.invalid',
      `wanted the address of a server such as http://ci:3000, got '${url}'`,
    );
  }
  const isLocal = local !== undefined && new URL(url).origin === new URL(local.url).origin;
  const given =
    choice.tokenFile === undefined
      ? env.PROTEUS_TOKEN
      : await readTokenFile(path.resolve(cwd, choice.tokenFile));
  const token = given || (isLocal ? await readAdminToken(directory) : undefined);
  return { url, token };
}

async function readTokenFile(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw new AppError('usage.invalid', `cannot read the token file ${file}: ${errorMessage(cause)}`, {
      cause,
    });
  }
}

async function readAdminToken(directory: string): Promise<string | undefined> {
  const text = await readFile(dataDirectory(directory).adminToken, 'utf8').catch(() => '');
  return text.trim() || undefined;
}
