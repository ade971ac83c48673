/** Plans for tests: everything that is not said is the plainest there is. */

import type { DeployPlan, PlannedHost } from '../deploy-plan.ts';
import { defaultPolicy } from '../rollout/default-policy.ts';

const noChecks = { cmd: [], http: [] } as const;

export function plannedHost(
  host: Pick<PlannedHost, 'name' | 'target' | 'toplevel'> & Partial<PlannedHost>,
): PlannedHost {
  return {
    buildOnly: false,
    substitute: false,
    tags: [],
    secrets: {},
    preDeployChecks: noChecks,
    healthChecks: noChecks,
    ...host,
  };
}

export function planOf(
  action: DeployPlan['action'],
  hosts: readonly PlannedHost[],
  change: Partial<DeployPlan> = {},
): DeployPlan {
  return {
    version: 1,
    action,
    source: { type: 'paths' },
    hosts,
    waves: [hosts.map(({ name }) => name)],
    policy: defaultPolicy,
    uploadSecrets: false,
    reboot: false,
    skipPreDeployChecks: false,
    skipHealthChecks: false,
    ...change,
  };
}
