/** Asks whether the caller may do what the request is for. Everything that changes something passes here. */

import { type Action, may } from '../../ci/access/may.ts';
import type { ProjectRecord, UserRecord } from '../../db/records.ts';
import { AppError } from '../../util/app-error.ts';
import type { ApiContext, ApiDeps, ApiSettings } from '../api-deps.ts';
import { foreign, isFromElsewhere } from './check-source.ts';

/** The user who may. Throws `api.forbidden`. `project`: the one it is about. */
export async function requirePermission(
  c: ApiContext,
  { ci, settings }: Pick<ApiDeps, 'ci' | 'settings'>,
  action: Action,
  project?: ProjectRecord,
): Promise<UserRecord> {
  const user = requireUser(c);
  requireIntent(c, settings);
  if (may(user, action)) return user;
  if (project !== undefined) {
    const members = await ci.database.projects.members(project.id);
    if (may(user, action, { owner: project.owner, members })) return user;
  }
  throw new AppError('api.forbidden', `‘${user.name}’ may not ${sayings[action]}.`);
}

/** The user who makes the request. Throws `api.forbidden` where nobody in particular does. */
export function requireUser(c: ApiContext): UserRecord {
  const caller = c.get('caller');
  if (caller.by === 'nobody') throw new AppError('api.forbidden', 'This page requires you to sign in.');
  return caller.user;
}

/** Throws `api.forbidden` where another site makes a user's browser do this. */
export function requireIntent(c: ApiContext, settings: ApiSettings): void {
  if (c.get('caller').by !== 'token' && isFromElsewhere(c, settings)) throw foreign(c, settings);
}

const sayings: Readonly<Record<Action, string>> = {
  'create-project': 'create projects',
  'edit-project': 'change this project',
  'delete-project': 'delete this project',
  'edit-jobset': 'change jobsets of this project',
  'delete-jobset': 'delete jobsets; that takes an administrator',
  evaluate: 'have jobsets of this project evaluated',
  cancel: 'cancel builds of this project',
  restart: 'restart builds of this project',
  bump: 'bump builds of this project to the front of the queue',
  keep: 'say which builds of this project are kept',
  'roll-out': 'roll out to hosts of this project; that takes the role roll-out and being one of the project',
  administer: 'administer this server',
};
