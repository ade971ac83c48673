/** The hosts of an evaluation of a server with their systems: all that a rollout needs, so that no checkout is needed. */

import { evaluationHostsReply } from '../../api/v1/schemas/evaluation.ts';
import type { NetworkMetadata } from '../../network/network.ts';
import { networkSchema } from '../../network/network-schema.ts';
import { parseStorePath, type StorePath } from '../../nix/store-path.ts';
import type { ApiClient } from '../client/api-client.ts';
import type { EvaluationName } from './evaluation-name.ts';

export interface HostsFromCi {
  readonly evaluation: number;
  readonly network: NetworkMetadata;
  readonly toplevels: ReadonlyMap<string, StorePath>;
  /** Why a host has no system. */
  readonly missing: ReadonlyMap<string, string>;
}

export async function hostsFromCi(
  client: Pick<ApiClient, 'get'>,
  { project, jobset, evaluation }: EvaluationName,
): Promise<HostsFromCi> {
  const path =
    evaluation === undefined
      ? `/api/v1/projects/${project}/jobsets/${jobset}/hosts`
      : `/api/v1/evaluations/${evaluation}/hosts`;
  const reply = await client.get(path, evaluationHostsReply);
  const network = networkSchema.parse({
    hosts: reply.hosts.map(({ metadata }) => metadata),
    meta: { description: '', ordering: { tags: reply.orderingTags } },
  });
  const toplevels = new Map<string, StorePath>();
  const missing = new Map(reply.broken.map(({ name }) => [name, 'it did not evaluate']));
  for (const { name, toplevel, missing: why } of reply.hosts) {
    if (toplevel === null) missing.set(name, why ?? 'it has no system');
    else toplevels.set(name, parseStorePath(toplevel));
  }
  return { evaluation: reply.evaluation, network, toplevels, missing };
}
