/** A plan of a rollout for people: what will be done where, in what order and with what care. Pure. */

import type { DeployPlan, PlannedHost } from '../../deploy/deploy-plan.ts';
import { defaultPolicy } from '../../deploy/rollout/default-policy.ts';
import { formatDuration } from '../../util/format-duration.ts';

/** Lines; the first says all of it in short. */
export function describePlan(plan: DeployPlan): readonly string[] {
  const hosts = new Map(plan.hosts.map((host) => [host.name, host]));
  const count = plan.hosts.filter(({ buildOnly }) => !buildOnly).length;
  const waves = plan.waves.length > 1 ? ` in ${plan.waves.length} waves` : '';
  const also = [
    ...(plan.uploadSecrets && plan.action !== 'push' ? ['upload secrets'] : []),
    ...(plan.reboot ? ['reboot'] : []),
  ];
  const what = [plan.action, ...also].join(', ');
  return [
    `${what} on ${count} ${count === 1 ? 'host' : 'hosts'}${waves}${careOf(plan)}`,
    ...plan.waves.flatMap((wave, index) => [
      ...(plan.waves.length > 1 ? [`wave ${index + 1}:`] : []),
      ...wave.flatMap((name) => {
        const host = hosts.get(name);
        return host === undefined ? [] : [`${plan.waves.length > 1 ? '  ' : ''}${describeHost(plan, host)}`];
      }),
    ]),
  ];
}

function describeHost({ action }: DeployPlan, { name, toplevel, build, buildOnly }: PlannedHost): string {
  const there = build === undefined ? '' : `, which it would build itself from ${build.drvPath}`;
  return `${name}: would ${buildOnly ? 'only be built' : action} ${toplevel}${there}`;
}

function careOf({ policy, action }: DeployPlan): string {
  const span = (seconds: number): string => formatDuration(seconds * 1000);
  const parts = [
    ...(policy.parallel > 1 ? [`${policy.parallel} at a time`] : []),
    ...(policy.maxUnavailable === defaultPolicy.maxUnavailable
      ? []
      : [`${policy.maxUnavailable} unavailable at most`]),
    ...(policy.failureBudget > 0 ? [`${policy.failureBudget} may fail`] : []),
    ...(policy.soak > 0 ? [`${span(policy.soak)} between waves`] : []),
    ...(policy.windows.length > 0 ? ['only in its windows'] : []),
    ...(policy.rollBack || action === 'push' || action === 'dry-activate' ? [] : ['no way back']),
  ];
  return parts.length === 0 ? '' : `; ${parts.join(', ')}`;
}
