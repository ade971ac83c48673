/**
 * The hosts of a fleet as the command line names it: a network file, or a jobset of a server, then without any checkout.
 * With them comes what is known of what they should run.
 */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { pageOf } from '../../api/v1/schemas/paging.ts';
import { host as hostSchema } from '../../api/v1/schemas/rollout.ts';
import type { PlannedHost } from '../../deploy/deploy-plan.ts';
import type { Desired } from '../../deploy/status/host-status.ts';
import { loadNetwork } from '../../network/load-network.ts';
import type { HostMetadata } from '../../network/network.ts';
import { connectToServer, type ServerFlags } from '../client/connect-to-server.ts';
import type { CliContext } from '../context.ts';
import type { SelectorFlags } from '../network-options.ts';
import { listJournals } from '../rollouts/list-journals.ts';
import { rolloutsFolder } from '../rollouts/rollouts-folder.ts';
import { selectFromNetwork } from '../select-from-network.ts';
import { parseEvaluationName } from './evaluation-name.ts';
import { hostsFromCi } from './hosts-from-ci.ts';

export interface FleetHost extends Pick<PlannedHost, 'name' | 'target'> {
  readonly desired: Desired;
}

const nothing: Desired = { built: undefined, deployed: undefined, lastRollout: undefined };

export async function hostsOf(
  context: CliContext,
  what: string,
  flags: SelectorFlags & ServerFlags,
  defaultUser: string | undefined,
): Promise<readonly FleetHost[]> {
  const { signal, env, cwd } = context;
  const file = path.resolve(cwd, what);
  if (existsSync(file)) {
    const network = await loadNetwork(file, { signal, env });
    const { selected } = selectFromNetwork(context, network, flags, { quiet: true });
    const given = await lastHere(context);
    return selected
      .filter(({ buildOnly }) => !buildOnly)
      .map((host) => ({
        name: host.name,
        target: targetOf(host, defaultUser),
        desired: given.get(host.name) ?? nothing,
      }));
  }
  const name = parseEvaluationName(what);
  const client = await connectToServer(context, flags);
  const { network, toplevels } = await hostsFromCi(client, name);
  const { selected } = selectFromNetwork(context, { ...network, brokenHosts: [] }, flags, { quiet: true });
  const query = `?limit=1000&project=${encodeURIComponent(name.project)}`;
  const known = await client.get(`/api/v1/hosts${query}`, pageOf(hostSchema));
  const records = new Map(known.items.map((record) => [record.name, record]));
  return selected
    .filter(({ buildOnly }) => !buildOnly)
    .map((host) => ({
      name: host.name,
      target: targetOf(host, defaultUser),
      desired: {
        built: toplevels.get(host.name),
        deployed: records.get(host.name)?.system ?? undefined,
        lastRollout: records.get(host.name)?.lastRollout ?? undefined,
      },
    }));
}

export function targetOf(
  { targetHost, targetPort, targetUser }: HostMetadata,
  defaultUser: string | undefined,
): PlannedHost['target'] {
  return { host: targetHost, port: targetPort || undefined, user: targetUser || defaultUser || undefined };
}

/** What this command line gave to hosts last. */
async function lastHere({ env }: CliContext): Promise<ReadonlyMap<string, Desired>> {
  const { rollouts } = await listJournals(rolloutsFolder(env));
  const last = new Map<string, Desired>();
  // Newest first: what is known already stays.
  for (const { id, action, hosts } of rollouts) {
    if (action !== 'switch' && action !== 'boot') continue;
    for (const { host, toplevel, outcome } of hosts) {
      const isThere = outcome?.result === 'deployed' || outcome?.result === 'degraded';
      if (isThere && !last.has(host))
        last.set(host, { built: undefined, deployed: toplevel, lastRollout: id });
    }
  }
  return last;
}
