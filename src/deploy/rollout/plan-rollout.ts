/** The plan of a rollout: the hosts with what was built for them, the waves, the policy, and what is done besides. */

import type { HostMetadata } from '../../network/network.ts';
import type { StorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import type { DeployPlan, PlannedHost, RolloutPolicy } from '../deploy-plan.ts';
import { knownHost } from '../known-host.ts';
import { defaultPolicy } from './default-policy.ts';
import { formWaves, type WaveRequest } from './form-waves.ts';

export interface RolloutRequest {
  readonly action: DeployPlan['action'];
  /** Selected and ordered. */
  readonly hosts: readonly HostMetadata[];
  /** System closures by host name. */
  readonly toplevels: ReadonlyMap<string, StorePath>;
  /** The derivations of those that hosts build themselves. */
  readonly drvPaths?: ReadonlyMap<string, StorePath> | undefined;
  /** For hosts without `deployment.targetUser`: `SSH_USER`; undefined or `''` leaves it to ssh. */
  readonly defaultUser?: string | undefined;
  /** Default: paths that somebody named. */
  readonly source?: DeployPlan['source'] | undefined;
  /** What is not said is as in `default-policy.ts`. */
  readonly policy?: Partial<RolloutPolicy> | undefined;
  readonly waves?: WaveRequest | undefined;
  /** Relative sources of secrets are in here. */
  readonly baseDirectory: string;
  readonly uploadSecrets?: boolean | undefined;
  readonly reboot?: boolean | undefined;
  readonly skipPreDeployChecks?: boolean | undefined;
  readonly skipHealthChecks?: boolean | undefined;
  readonly force?: boolean | undefined;
}

/**
 * Throws `deploy.target-invalid` or `deploy.no-toplevel` for the first host that cannot be deployed, and `usage.invalid`:
 * nothing is begun when something is known to be wrong.
 */
export function planRollout(request: RolloutRequest): DeployPlan {
  const hosts = request.hosts.map((host) => planHost(host, request));
  return {
    version: 1,
    action: request.action,
    source: request.source ?? { type: 'paths' },
    hosts,
    waves: formWaves(hosts, request.waves ?? {}),
    policy: { ...defaultPolicy, ...request.policy },
    uploadSecrets: request.uploadSecrets ?? false,
    reboot: request.reboot ?? false,
    skipPreDeployChecks: request.skipPreDeployChecks ?? false,
    skipHealthChecks: request.skipHealthChecks ?? false,
    ...(request.force ? { force: true } : {}),
  };
}

function planHost(
  host: HostMetadata,
  { toplevels, drvPaths, defaultUser, baseDirectory }: RolloutRequest,
): PlannedHost {
  const toplevel = toplevels.get(host.name);
  if (toplevel === undefined) {
    throw new AppError('deploy.no-toplevel', `${host.name}: no system was built for it`);
  }
  const drvPath = drvPaths?.get(host.name);
  return {
    ...knownHost(host, { defaultUser, base: baseDirectory }),
    toplevel,
    ...(drvPath === undefined ? {} : { build: { drvPath } }),
  };
}
