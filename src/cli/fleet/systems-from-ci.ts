/** What `--from-ci` deploys: hosts and systems of an evaluation of a server, brought here without a checkout or a build. */

import type { PlanSource } from '../../deploy/deploy-plan.ts';
import type { HostMetadata } from '../../network/network.ts';
import type { StorePath } from '../../nix/store-path.ts';
import { openStore } from '../../store/open-store.ts';
import type { Store } from '../../store/store.ts';
import { AppError } from '../../util/app-error.ts';
import { connectToServer, type ServerFlags } from '../client/connect-to-server.ts';
import { type CliContext, say } from '../context.ts';
import type { SelectorFlags } from '../network-options.ts';
import { selectFromNetwork } from '../select-from-network.ts';
import { parseEvaluationName } from './evaluation-name.ts';
import { fetchSystems } from './fetch-systems.ts';
import { hostsFromCi } from './hosts-from-ci.ts';

interface SystemsFromCi extends AsyncDisposable {
  readonly hosts: readonly HostMetadata[];
  readonly toplevels: ReadonlyMap<string, StorePath>;
  readonly orderingTags: readonly string[];
  readonly store: Store;
  readonly source: PlanSource;
}

/** Hosts without a system are left out, and named. Throws `rollout.no-hosts` when that leaves none. */
export async function systemsFromCi(
  context: CliContext,
  text: string,
  flags: SelectorFlags & ServerFlags & { readonly uploadSecrets?: boolean },
): Promise<SystemsFromCi> {
  const name = parseEvaluationName(text);
  const client = await connectToServer(context, flags);
  const { evaluation, network, toplevels, missing } = await hostsFromCi(client, name);
  const { selected } = selectFromNetwork(context, { ...network, brokenHosts: [] }, flags);
  const hosts = selected.filter(({ name: host }) => toplevels.has(host));
  for (const { name: host } of selected) {
    if (!toplevels.has(host)) say(context, `${host} is left out: ${missing.get(host) ?? 'it has no system'}`);
  }
  if (hosts.length === 0)
    throw new AppError('rollout.no-hosts', `evaluation ${evaluation} of ${text} has no host to deploy to`);
  if (flags.uploadSecrets) refuseCommands(hosts);
  await using stack = new AsyncDisposableStack();
  const store = stack.use(await openStore({ type: 'local' }, { signal: context.signal }));
  const wanted = hosts.flatMap(({ name: host, buildOnly }) => {
    const toplevel = toplevels.get(host);
    return toplevel === undefined || buildOnly ? [] : toplevel;
  });
  // From before they are there.
  stack.use(await store.leaseTempRoots(wanted, { signal: context.signal }));
  await fetchSystems(context, wanted, { store, client });
  const owned = stack.move();
  const { project, jobset } = name;
  return {
    hosts,
    toplevels,
    orderingTags: network.orderingTags,
    store,
    source: { type: 'evaluation', server: client.url, project, jobset, evaluation },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What a server says must not run programs here. */
function refuseCommands(hosts: readonly HostMetadata[]): void {
  for (const { name, secrets } of hosts) {
    for (const [secret, { command }] of Object.entries(secrets)) {
      if (command === undefined) continue;
      throw new AppError(
        'rollout.secrets',
        `${name}: the secret ${secret} comes from a command, which is run for networks that are here only`,
        { hint: 'Deploy from a checkout, or without --upload-secrets.' },
      );
    }
  }
}
