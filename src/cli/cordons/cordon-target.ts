/**
 * Whom `host cordon` and `host uncordon` speak of: hosts of a server are named `PROJECT/HOST`, those of this command line by
 * their name in the network file.
 */

import type { Command } from 'commander';
import { AppError } from '../../util/app-error.ts';
import { type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import type { CliContext } from '../context.ts';
import { isNamed } from '../fleet/find-rollout.ts';

export function withHostNames(command: Command, least: 'one' | 'none'): Command {
  const names = least === 'one' ? '<hosts...>' : '[hosts...]';
  return withServerFlags(
    command.argument(
      names,
      'PROJECT/HOST of a server, or names of hosts in network files that are deployed from here',
    ),
  );
}

/** Whether it is a server's. Throws `usage.invalid` when some names are and some are not. */
export function speaksOfServer(
  context: Pick<CliContext, 'env'>,
  flags: ServerFlags,
  names: readonly string[],
): boolean {
  if (isNamed(context, flags) || flags.dataDirectory !== undefined || flags.config !== undefined) return true;
  const there = names.filter((name) => name.includes('/'));
  if (there.length === 0 || there.length === names.length) return there.length > 0;
  const here = names.filter((name) => !name.includes('/'));
  throw new AppError(
    'usage.invalid',
    `${there.join(', ')} would be of a server and ${here.join(', ')} of this command line; name them one after the other`,
  );
}
