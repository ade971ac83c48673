/** What a rollout came to, from what became of its hosts; never better than the worst of them. */

import type { DeployPlan, HostOutcome } from '../deploy-plan.ts';
import type { RolloutResult } from './journal.ts';

/** Hosts that were left alone are missing in the fleet: only build-only ones, which nobody wanted touched, count for nothing. */
export function resultOf(
  plan: DeployPlan,
  outcomes: readonly HostOutcome[],
  aborted: boolean,
): RolloutResult {
  const buildOnly = new Set(plan.hosts.filter((host) => host.buildOnly).map(({ name }) => name));
  const counted = outcomes.filter(({ host }) => !buildOnly.has(host)).map(({ result }) => result);
  if (aborted && counted.includes('skipped')) return 'aborted';
  if (counted.includes('failed') || counted.includes('rolled-back')) return 'failed';
  return counted.every((result) => result === 'deployed') ? 'succeeded' : 'degraded';
}
