/**
 * Where a server takes the secrets of hosts from: files of one folder that its administrator fills, as they are or
 * encrypted with age, and texts. What a network says of a source comes out of a repository, so it is never followed out
 * of that folder, and no program that it names is run.
 */

import path from 'node:path';
import type { PlannedHost } from '../../deploy/deploy-plan.ts';
import { AppError } from '../../util/app-error.ts';

/** Sources are absolute already. Throws `rollout.secrets` naming the secret that cannot be had. */
export function checkServerSecrets(host: PlannedHost, folder: string | undefined): void {
  for (const [name, { source, command, age }] of Object.entries(host.secrets)) {
    const refuse = (why: string): never => {
      throw new AppError('rollout.secrets', `${host.name}: the secret ${name} ${why}`);
    };
    if (command !== undefined) refuse('comes from a command, and the server runs none that a network names');
    const files = [source, age?.file, age?.identity].filter((file) => file !== undefined && file !== '');
    for (const file of files) {
      if (folder === undefined) refuse('comes from a file, and the server has no folder of secrets');
      else if (!file?.startsWith(`${path.resolve(folder)}/`))
        refuse(`should be a file in ${folder}, and its source leads out of it, to ${file}`);
    }
  }
}
