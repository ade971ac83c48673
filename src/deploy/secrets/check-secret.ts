/** Whether a secret can be put where it is to go, before anything is fetched or sent. */

import { posix } from 'node:path';
import type { SecretSpec } from '../../network/network.ts';
import { AppError } from '../../util/app-error.ts';

/** Throws `deploy.secret-failed` naming what was wanted. */
export function checkSecret(name: string, { destination, owner, permissions }: SecretSpec): void {
  const wrong = (wanted: string, got: string): AppError =>
    new AppError('deploy.secret-failed', `the secret ${name}: wanted ${wanted}, got ${JSON.stringify(got)}`);
  // A line of a script's answer names it.
  const isPath = posix.isAbsolute(destination) && !/[\0\n\r]/.test(destination);
  if (!isPath || destination.endsWith('/'))
    throw wrong('an absolute path of a file as destination', destination);
  if (!/^[^\s:]+$/.test(owner.user)) throw wrong('the name of a user as owner.user', owner.user);
  if (!/^[^\s:]+$/.test(owner.group)) throw wrong('the name of a group as owner.group', owner.group);
  if (!/^\S+$/.test(permissions)) throw wrong('a mode such as 0400 as permissions', permissions);
}
