/**
 * The parts of a server on this machine, where there is one: its configuration, data directory, database, port and
 * keys. Nothing is started and nothing is changed.
 */

import { existsSync } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { examineDatabase } from '../../db/examine-database.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import type { CliContext } from '../context.ts';
import { listenHttp } from '../server/listen-http.ts';
import { isDataDirectoryLocked } from '../server/lock-data-directory.ts';
import { findLocalServer } from '../server/server-file.ts';
import { type DataFlags, type ServerSettings, serverSettings } from '../server/server-settings.ts';
import { type Check, ok, problem, warning } from './check.ts';
import { checkKeys } from './check-keys.ts';

/** None where there is neither a configuration nor data of a server, and nobody asks for one. */
export async function checkServer(
  context: Pick<CliContext, 'cwd' | 'env' | 'signal'>,
  flags: DataFlags,
): Promise<readonly Check[]> {
  let settings: ServerSettings;
  try {
    settings = await serverSettings(context, flags);
  } catch (error) {
    return [failed('configuration', error)];
  }
  const { config, directory, file } = settings;
  const isAsked =
    flags.config !== undefined || flags.dataDirectory !== undefined || flags.database !== undefined;
  if (file === undefined && !isAsked && !existsSync(directory.root)) return [];
  const configured = file === undefined ? [] : [ok('configuration', file)];
  const files =
    config.keys.length > 0 ? config.keys : existsSync(directory.signingKey) ? [directory.signingKey] : [];
  return [
    ...configured,
    await checkDirectory(directory.root),
    await checkDatabase(settings),
    await checkPort(settings, context.signal),
    ...(await checkKeys(files)),
  ];
}

function failed(name: string, error: unknown, mend = 'mend what is said'): Check {
  return problem(name, errorMessage(error), error instanceof AppError ? error.hint : mend);
}

async function checkDirectory(root: string): Promise<Check> {
  const name = 'data directory';
  if (!existsSync(root)) return ok(name, `${root} will be made by the first start of the server`);
  try {
    await access(root, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    return problem(name, errorMessage(error), 'run the doctor as the user that the server runs as');
  }
  const { mode } = await stat(root);
  if ((mode & 0o007) !== 0) {
    return warning(
      name,
      `${root} is open to everybody (mode ${(mode & 0o777).toString(8)})`,
      `chmod o= ${root}`,
    );
  }
  return ok(name, root);
}

async function checkDatabase({ databaseUrl, config, directory }: ServerSettings): Promise<Check> {
  const name = 'database';
  if (config.database === undefined && !existsSync(directory.database)) {
    return ok(name, `${directory.database} will be made by the first start of the server`);
  }
  try {
    const { dialect, version, newest } = await examineDatabase(databaseUrl);
    const state =
      version === newest ? `schema ${version}` : `schema ${version}, which the next start makes ${newest}`;
    return ok(name, `${dialect === 'postgres' ? 'PostgreSQL' : 'SQLite'} answers, ${state}`);
  } catch (error) {
    return failed(name, error);
  }
}

async function checkPort({ config, directory }: ServerSettings, signal: AbortSignal): Promise<Check> {
  const name = 'server';
  const running = await findLocalServer(directory.root);
  if (running !== undefined) {
    const answer = await fetch(`${running.url}/api/v1/server`, { signal }).catch((error: unknown) => error);
    return answer instanceof Response
      ? ok(name, `runs as process ${running.pid} and answers at ${running.url}`)
      : problem(
          name,
          `runs as process ${running.pid}, but does not answer at ${running.url}`,
          'look into its log',
        );
  }
  if (existsSync(directory.root) && isDataDirectoryLocked(directory.root)) {
    return warning(name, 'is starting, or is about to end', 'look again in a moment');
  }
  try {
    await using _listener = await listenHttp(config.listen);
    const { host, port } = config.listen;
    return ok(name, `does not run; port ${port} of ${host} is free for it`);
  } catch (error) {
    return failed(name, error);
  }
}
