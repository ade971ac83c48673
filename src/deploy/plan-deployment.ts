/** From the hosts that were selected, in their order, and what was built for them to the plan of a deployment. */

import type { HostMetadata } from '../network/network.ts';
import type { StorePath } from '../nix/store-path.ts';
import type { SshTarget } from '../process/ssh.ts';
import { AppError } from '../util/app-error.ts';
import { checkSshTarget } from './check-ssh-target.ts';
import type { DeployPlan, PlannedHost } from './deploy-plan.ts';
import { defaultPolicy } from './rollout/default-policy.ts';

export interface DeploymentRequest {
  readonly action: DeployPlan['action'];
  /** Selected and ordered. */
  readonly hosts: readonly HostMetadata[];
  /** System closures by host name. */
  readonly toplevels: ReadonlyMap<string, StorePath>;
  /** For hosts without `deployment.targetUser`: `SSH_USER`; undefined or `''` leaves it to ssh. */
  readonly defaultUser?: string | undefined;
  /** Default: paths that somebody named. */
  readonly source?: DeployPlan['source'] | undefined;
}

/**
 * The plan. Throws `deploy.target-invalid` or `deploy.no-toplevel` for the first host that cannot be deployed, so
 * that nothing is begun when something is known to be wrong.
 */
export function planDeployment(request: DeploymentRequest): DeployPlan {
  const hosts = request.hosts.map((host) => planHost(host, request));
  return {
    version: 1,
    action: request.action,
    source: request.source ?? { type: 'paths' },
    hosts,
    waves: [hosts.map(({ name }) => name)],
    policy: defaultPolicy,
    uploadSecrets: false,
    reboot: false,
    skipPreDeployChecks: false,
    skipHealthChecks: false,
  };
}

function planHost(host: HostMetadata, request: DeploymentRequest): PlannedHost {
  const toplevel = request.toplevels.get(host.name);
  if (toplevel === undefined) {
    throw new AppError('deploy.no-toplevel', `${host.name}: no system was built for it`);
  }
  const target: SshTarget = {
    host: host.targetHost,
    // Morph takes 0 for "not set".
    port: host.targetPort || undefined,
    user: host.targetUser || request.defaultUser || undefined,
  };
  // Nothing is ever sent to a build-only host, so its address may be anything.
  if (!host.buildOnly) checkSshTarget(host.name, target);
  return {
    name: host.name,
    target,
    toplevel,
    buildOnly: host.buildOnly,
    substitute: host.substituteOnDestination,
    tags: host.tags,
    secrets: host.secrets,
    preDeployChecks: host.preDeployChecks,
    healthChecks: host.healthChecks,
  };
}
