/** Names of projects and jobsets on the command line, and their addresses on the server. */

import { AppError } from '../../util/app-error.ts';

export interface JobsetName {
  readonly project: string;
  readonly jobset: string;
}

/** `PROJECT:JOBSET`, or with a slash. Throws `usage.invalid`. */
export function parseJobsetName(text: string): JobsetName {
  const [, project, jobset] = /^([A-Za-z_][\w-]*)[:/](\.?[A-Za-z_][\w.-]*)$/.exec(text) ?? [];
  if (project === undefined || jobset === undefined) {
    throw new AppError(
      'usage.invalid',
      `wanted a jobset as PROJECT:JOBSET, such as fleet:main; got '${text}'`,
    );
  }
  return { project, jobset };
}

export function jobsetPath({ project, jobset }: JobsetName): string {
  return `/jobset/${project}/${jobset}`;
}

/** Throws `usage.invalid` for what cannot be the name of a project. */
export function projectPath(project: string): string {
  if (/^[A-Za-z_][\w-]*$/.test(project)) return `/project/${project}`;
  throw new AppError(
    'usage.invalid',
    `wanted the name of a project: letters, digits, - and _, a letter or _ first; got '${project}'`,
  );
}
