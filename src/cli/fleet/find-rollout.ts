/**
 * Where a rollout is kept that somebody names by its id: in a journal of this command line, or on a server. A server that is
 * named counts alone; else what is here comes first.
 */

import { access } from 'node:fs/promises';
import { journalFile } from '../../deploy/rollout/read-file-journal.ts';
import type { ApiClient } from '../client/api-client.ts';
import { connectToServer, type ServerFlags } from '../client/connect-to-server.ts';
import type { CliContext } from '../context.ts';
import { rolloutsFolder } from '../rollouts/rollouts-folder.ts';

/** Undefined: it is here, or nowhere, and that is told where it is looked for here. */
export async function serverOfRollout(
  context: CliContext,
  flags: ServerFlags,
  id: string,
): Promise<ApiClient | undefined> {
  if (isNamed(context, flags)) return connectToServer(context, flags);
  try {
    await access(journalFile(rolloutsFolder(context.env), id));
    return undefined;
  } catch {
    // Perhaps one runs on this machine.
    return connectToServer(context, flags).catch(() => undefined);
  }
}

/** Undefined where none is named and none runs on this machine. */
export async function serverIfAny(context: CliContext, flags: ServerFlags): Promise<ApiClient | undefined> {
  const client = connectToServer(context, flags);
  return isNamed(context, flags) ? client : client.catch(() => undefined);
}

export function isNamed({ env }: Pick<CliContext, 'env'>, flags: ServerFlags): boolean {
  return flags.server !== undefined || Boolean(env.PROTEUS_SERVER);
}
