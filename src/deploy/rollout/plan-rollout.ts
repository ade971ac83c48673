/** The plan of a rollout: the hosts with what was built for them, the waves, the policy, and what is done besides. */

import { absoluteSecrets } from '../absolute-secrets.ts';
import type { DeployPlan, RolloutPolicy } from '../deploy-plan.ts';
import { type DeploymentRequest, planDeployment } from '../plan-deployment.ts';
import { defaultPolicy } from './default-policy.ts';
import { formWaves, type WaveRequest } from './form-waves.ts';

export interface RolloutRequest extends DeploymentRequest {
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

/** Throws `deploy.target-invalid`, `deploy.no-toplevel`, `usage.invalid`: before anything is begun. */
export function planRollout(request: RolloutRequest): DeployPlan {
  const plan = planDeployment(request);
  const hosts = plan.hosts.map((host) => ({
    ...host,
    secrets: absoluteSecrets(host.secrets, request.baseDirectory),
  }));
  return {
    ...plan,
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
