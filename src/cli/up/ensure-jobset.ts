/** Makes the project and the network jobset of a checkout on a server, or brings them up to date. */

import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { evaluateReply } from '../../api/v1/schemas/evaluation.ts';
import { jobsetState } from '../../db/records.ts';
import type { ApiClient } from '../client/api-client.ts';
import { exists } from '../client/exists.ts';
import { doneSchema, jobsetSchema } from '../client/hydra-schemas.ts';
import { applyJobsetFlags, type JobsetFlags, newJobset } from '../client/jobset-flags.ts';
import { type JobsetName, jobsetPath, projectPath } from '../client/jobset-name.ts';
import type { GitCheckout } from './git-checkout.ts';

/** A local repository is cheap to look at. */
const checkInterval = '30 s';

/** The name a project or jobset gets from the name of a folder or file. Pure. */
export function nameFrom(text: string): string {
  const name = text.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '');
  return /^[A-Za-z_]/.test(name) ? name : `_${name}`;
}

/** The value of the git input of a checkout; blanks would end the address. Pure. */
export function inputValue({ folder, branch }: Pick<GitCheckout, 'folder' | 'branch'>): string {
  const address = /^[!-~]+$/.test(folder) ? folder : pathToFileURL(folder).href;
  return `${address} ${branch}`;
}

/** `flags`: what the user says of the jobset besides. It is enabled and evaluated. Says what it is called. */
export async function ensureJobset(
  client: ApiClient,
  checkout: GitCheckout,
  wanted: { readonly project?: string | undefined; readonly jobset?: string | undefined },
  flags: JobsetFlags,
): Promise<JobsetName> {
  const name: JobsetName = {
    project: wanted.project ?? nameFrom(path.basename(checkout.folder)),
    jobset: wanted.jobset ?? nameFrom(path.basename(checkout.file, '.nix')),
  };
  const project = projectPath(name.project);
  if (!(await exists(client, project))) {
    const body = { displayname: name.project, description: checkout.folder, enabled: true, visible: true };
    await client.send('PUT', project, body, doneSchema);
  }
  const place = jobsetPath(name);
  const before = (await exists(client, place))
    ? await client.get(place, jobsetSchema)
    : applyJobsetFlags(newJobset, { checkInterval });
  const body = applyJobsetFlags(before, {
    ...flags,
    state: before.enabled === jobsetState.disabled ? 'enabled' : undefined,
    network: `network:${checkout.file}`,
    input: [`network=git:${inputValue(checkout)}`, ...(flags.input ?? [])],
  });
  await client.send('PUT', place, body, doneSchema);
  // Saving a jobset that is looked at regularly has it looked at now; another must be asked for.
  if (body.checkinterval === 0) {
    const path = `/api/v1/projects/${name.project}/jobsets/${name.jobset}/evaluate`;
    await client.send('POST', path, { force: false }, evaluateReply);
  }
  return name;
}
