/**
 * Where a server takes the secrets of hosts from: files of one folder that its administrator fills. What a network says
 * of a source comes out of a repository, so it is never followed out of that folder.
 */

import path from 'node:path';
import type { PlannedHost } from '../../deploy/deploy-plan.ts';
import { AppError } from '../../util/app-error.ts';

/** The host with its sources below `folder`. Throws `rollout.secrets` naming the secret that cannot be had. */
export function serverSecrets(host: PlannedHost, folder: string | undefined): PlannedHost {
  const names = Object.keys(host.secrets);
  if (names.length === 0) return host;
  if (folder === undefined) {
    throw new AppError(
      'rollout.secrets',
      `${host.name} wants the secrets ${names.join(', ')}, and the server has no folder of secrets`,
    );
  }
  const secrets = Object.fromEntries(
    Object.entries(host.secrets).map(([name, secret]) => {
      const source = path.resolve(folder, secret.source);
      if (!source.startsWith(`${path.resolve(folder)}/`)) {
        throw new AppError(
          'rollout.secrets',
          `${host.name}: the secret ${name} should be a file in ${folder}, its source '${secret.source}' leads out of it`,
        );
      }
      return [name, { ...secret, source }];
    }),
  );
  return { ...host, secrets };
}
