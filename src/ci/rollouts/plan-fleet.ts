/**
 * The plan of a rollout out of an evaluation: nothing is evaluated or built for it, and no checkout is needed. Hosts
 * whose build did not succeed are left out, and so are cordoned ones; each is said, with the reason.
 */

import type { Database } from '../../db/database.ts';
import { cordonWords } from '../../deploy/cordon-words.ts';
import { parseWaveSizes } from '../../deploy/rollout/parse-wave-sizes.ts';
import { planRollout } from '../../deploy/rollout/plan-rollout.ts';
import { selectHosts } from '../../network/select-hosts.ts';
import type { StorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import { checkServerSecrets } from './check-server-secrets.ts';
import { findEvaluation } from './find-evaluation.ts';
import type { FleetPlan, LeftOut, RolloutRequest } from './rollouts.ts';

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
      cordonedBy === null ? [] : [[name, cordonWords({ by: cordonedBy, reason: cordonReason ?? '' })]],
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
  const { sizes, canary, byTag } = request.waves ?? {};
  const { orderByTags = '' } = request.selectors;
  const plan = planRollout({
    action: request.action,
    hosts: request.uploadSecrets ? wanted : wanted.map((host) => ({ ...host, secrets: {} })),
    toplevels,
    defaultUser,
    source: {
      type: 'evaluation',
      server: undefined,
      project: request.project,
      jobset: request.jobset,
      evaluation: evaluation.id,
    },
    policy: request.policy,
    waves: {
      canary,
      sizes: sizes === undefined ? undefined : parseWaveSizes(sizes),
      byTag: byTag ? (orderByTags === '' ? network.orderingTags : orderByTags.split(',')) : undefined,
    },
    // Where there is none, no secret gets through what follows.
    baseDirectory: secretsFolder ?? '/',
    uploadSecrets: request.uploadSecrets,
    reboot: request.reboot,
    skipPreDeployChecks: request.skipPreDeployChecks,
    skipHealthChecks: request.skipHealthChecks,
    force: request.force,
  });
  for (const host of plan.hosts) checkServerSecrets(host, secretsFolder);
  return { plan, leftOut };
}
