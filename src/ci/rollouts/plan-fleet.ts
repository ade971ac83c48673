/**
 * The plan of a rollout out of an evaluation: nothing is evaluated or built for it, and no checkout is needed. Hosts
 * whose build did not succeed are left out, and so are cordoned ones; each is said, with the reason.
 */

import type { Database } from '../../db/database.ts';
import { planDeployment } from '../../deploy/plan-deployment.ts';
import { defaultPolicy } from '../../deploy/rollout/default-policy.ts';
import { selectHosts } from '../../network/select-hosts.ts';
import type { StorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import { findEvaluation } from './find-evaluation.ts';
import type { FleetPlan, LeftOut, RolloutRequest } from './rollouts.ts';
import { serverSecrets } from './server-secrets.ts';

export interface PlanFleetDeps {
  readonly database: Pick<Database, 'evaluations' | 'jobsets' | 'hosts'>;
  /** Where files of secrets are; undefined: nowhere. */
  readonly secretsFolder: string | undefined;
  /** For hosts that name none. */
  readonly defaultUser: string | undefined;
}

/** Throws what `Rollouts.plan` says. */
export async function planFleet(
  request: RolloutRequest,
  { database, secretsFolder, defaultUser }: PlanFleetDeps,
): Promise<FleetPlan> {
  const { evaluation, network, hosts, broken } = await findEvaluation(database, request);
  const { selected } = selectHosts(network, request.selectors);
  const cordoned = new Map(
    (await database.hosts.list(request.project)).flatMap(({ name, cordonedBy, cordonReason }) =>
      cordonedBy === null
        ? []
        : [[name, `cordoned by ${cordonedBy}${cordonReason ? `: ${cordonReason}` : ''}`]],
    ),
  );
  const known = new Map(hosts.map((host) => [host.metadata.name, host]));
  const toplevels = new Map<string, StorePath>();
  const leftOut: LeftOut[] = [];
  for (const { name } of selected) {
    const host = known.get(name);
    const why = cordoned.get(name) ?? host?.missing;
    if (host?.toplevel !== undefined && why === undefined) toplevels.set(name, host.toplevel);
    else leftOut.push({ host: name, why: why ?? 'it has no system' });
  }
  // Which of them would be selected, nobody can say.
  leftOut.push(...broken.map(({ name }) => ({ host: name, why: 'it did not evaluate' })));
  const wanted = selected.filter(({ name }) => toplevels.has(name));
  if (wanted.length === 0) {
    const whys = leftOut.map(({ host, why }) => `${host}: ${why}`).join('; ');
    throw new AppError(
      'rollout.no-hosts',
      `evaluation ${evaluation.id} has no host to roll out to${whys === '' ? '' : ` (${whys})`}`,
    );
  }
  const plan = planDeployment({
    action: request.action,
    hosts: wanted,
    toplevels,
    defaultUser,
    source: {
      type: 'evaluation',
      server: undefined,
      project: request.project,
      jobset: request.jobset,
      evaluation: evaluation.id,
    },
  });
  return {
    plan: {
      ...plan,
      // Secrets that nobody asks for need not be there.
      hosts: plan.hosts.map((host) =>
        request.uploadSecrets ? serverSecrets(host, secretsFolder) : { ...host, secrets: {} },
      ),
      policy: { ...defaultPolicy, ...request.policy },
      uploadSecrets: request.uploadSecrets,
      reboot: request.reboot,
      skipPreDeployChecks: request.skipPreDeployChecks,
      skipHealthChecks: request.skipHealthChecks,
      ...(request.force ? { force: true } : {}),
    },
    leftOut,
  };
}
