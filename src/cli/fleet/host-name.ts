/** A host as the command line names it: `PROJECT/HOST`. */

import type { Command } from 'commander';
import { AppError } from '../../util/app-error.ts';
import { withServerFlags } from '../client/connect-to-server.ts';

export function withHostName(command: Command): Command {
  return withServerFlags(command.argument('<host>', 'PROJECT/HOST, such as fleet/web01'));
}

/** Its address on the server. Throws `usage.invalid`. */
export function hostPath(text: string): string {
  const [, project, host] = /^([A-Za-z_][\w-]*)\/(.+)$/s.exec(text) ?? [];
  if (project === undefined || host === undefined)
    throw new AppError('usage.invalid', `wanted a host as PROJECT/HOST, such as fleet/web01; got '${text}'`);
  return `/api/v1/hosts/${project}/${encodeURIComponent(host)}`;
}
