/**
 * Who may do what. Roles are Hydra's (hydra.md §8) and count for the whole server; a project's owner and members may
 * do everything with it but delete its jobsets, for which an administrator is needed. Reading is not asked here: a
 * server is open to all readers or to none but its users.
 */

import type { UserRecord } from '../../db/records.ts';

export type Action =
  | 'create-project'
  | 'edit-project'
  | 'delete-project'
  | 'edit-jobset'
  | 'delete-jobset'
  | 'evaluate'
  | 'cancel'
  | 'restart'
  | 'bump'
  | 'keep'
  /** Change machines, with the keys of the server. */
  | 'roll-out'
  /** Users, owners of projects, builders, retention. */
  | 'administer';

/** Whom the project belongs to that an action is about. */
export interface ProjectPeople {
  readonly owner: string;
  readonly members: readonly string[];
}

interface Rule {
  /** A role that suffices, in every project. */
  readonly role?: string;
  readonly ofProject: boolean;
  /**
   * The role does not suffice, nor does the project: it takes both. Whoever may make a project could else reach every
   * machine that the server can.
   */
  readonly both?: true;
}

const rules: Readonly<Record<Action, Rule>> = {
  'create-project': { role: 'create-projects', ofProject: false },
  'edit-project': { ofProject: true },
  'delete-project': { ofProject: true },
  'edit-jobset': { ofProject: true },
  'delete-jobset': { ofProject: false },
  evaluate: { role: 'eval-jobset', ofProject: true },
  cancel: { role: 'cancel-build', ofProject: true },
  restart: { role: 'restart-jobs', ofProject: true },
  bump: { role: 'bump-to-front', ofProject: true },
  keep: { ofProject: true },
  'roll-out': { role: 'roll-out', ofProject: true, both: true },
  administer: { ofProject: false },
};

/** True when the user may; nobody in particular (`undefined`) may nothing of this. */
export function may(user: UserRecord | undefined, action: Action, project?: ProjectPeople): boolean {
  if (user === undefined) return false;
  if (user.roles.includes('admin')) return true;
  const { role, ofProject, both } = rules[action];
  const hasRole = role !== undefined && user.roles.includes(role);
  const isOfProject =
    ofProject && project !== undefined && [project.owner, ...project.members].includes(user.name);
  return both ? hasRole && isOfProject : hasRole || isOfProject;
}
