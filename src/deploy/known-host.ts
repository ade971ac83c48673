/** A host as its network tells of it, for what needs no system of it: checks, secrets, commands. */

import type { HostMetadata } from '../network/network.ts';
import { absoluteSecrets } from './absolute-secrets.ts';
import { checkSshTarget } from './check-ssh-target.ts';
import type { PlannedHost } from './deploy-plan.ts';

export type KnownHost = Omit<PlannedHost, 'toplevel' | 'build'>;

/**
 * `defaultUser`: for hosts that name none; `base`: the folder of the network file. Throws `deploy.target-invalid` for an
 * address that ssh would take for something else.
 */
export function knownHost(
  host: HostMetadata,
  { defaultUser, base }: { readonly defaultUser: string | undefined; readonly base: string },
): KnownHost {
  const target = {
    host: host.targetHost,
    // Morph takes 0 for "not set".
    port: host.targetPort || undefined,
    user: host.targetUser || defaultUser || undefined,
  };
  // Nothing is ever sent to a build-only host, so its address may be anything.
  if (!host.buildOnly) checkSshTarget(host.name, target);
  return {
    name: host.name,
    target,
    buildOnly: host.buildOnly,
    substitute: host.substituteOnDestination,
    tags: host.tags,
    secrets: absoluteSecrets(host.secrets, base),
    preDeployChecks: host.preDeployChecks,
    healthChecks: host.healthChecks,
  };
}
