/** `proteus diff`: what differs between two systems, two evaluations, or what hosts run and what they would get. */

import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { type ClosurePath, diffClosures } from '../../deploy/diff/diff-closures.ts';
import { diffUnits } from '../../deploy/diff/diff-units.ts';
import { isStorePath, type StorePath } from '../../nix/store-path.ts';
import { sshSettingsFromEnvironment } from '../../process/ssh.ts';
import { openStore } from '../../store/open-store.ts';
import { queryClosure } from '../../store/query-closure.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { buildNetwork } from '../build-network.ts';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import type { CommandModule } from '../command-module.ts';
import { type CliContext, printResult } from '../context.ts';
import { closureFromCache } from '../fleet/closure-from-cache.ts';
import { diffHosts } from '../fleet/diff-hosts.ts';
import { parseEvaluationName } from '../fleet/evaluation-name.ts';
import { hostsFromCi } from '../fleet/hosts-from-ci.ts';
import { targetOf } from '../fleet/hosts-of.ts';
import { renderDiff, type SystemDiff } from '../fleet/render-diff.ts';
import { type SelectorFlags, withSelectors } from '../network-options.ts';
import { selectFromNetwork } from '../select-from-network.ts';

type Flags = SelectorFlags & ServerFlags;
type Diffs = readonly (SystemDiff | { readonly name: string; readonly fault: unknown })[];

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(
    withSelectors(
      command
        .argument(
          '<from>',
          'a network file, PROJECT/JOBSET[#EVALUATION] of a server, or a system in the store',
        )
        .argument('[to]', 'another evaluation, or another system'),
    ),
  )
    .addHelpText(
      'after',
      `
A network is built, and what its hosts run is compared with it; an evaluation alone is compared with what hosts run, too.
Two evaluations are compared host by host without asking any host, two systems as they are in the store.

U: a newer version, D: an older one, *: other versions, +: new, -: gone.

Examples:
  proteus diff network.nix --on db01
  proteus diff fleet/main
  proteus diff fleet/main#41 fleet/main#42
  proteus diff /run/booted-system /run/current-system
`,
    )
    .action((from: string, to: string | undefined, flags: Flags) => {
      run(async (context) => {
        const diffs = await compare(context, from, to, flags);
        const lines = diffs.flatMap((diff) =>
          'fault' in diff ? [`${diff.name}: ${errorMessage(diff.fault)}`, ''] : [...renderDiff(diff), ''],
        );
        const told = diffs.map((diff) =>
          'fault' in diff ? { name: diff.name, error: errorMessage(diff.fault) } : diff,
        );
        printResult(context, lines.slice(0, -1).join('\n') || 'no hosts', { diffs: told });
        return diffs.some((diff) => 'fault' in diff) ? 1 : 0;
      });
    });
};

async function compare(
  context: CliContext,
  from: string,
  to: string | undefined,
  flags: Flags,
): Promise<Diffs> {
  const isHere = existsSync(path.resolve(context.cwd, from));
  if (to === undefined) return isHere ? network(context, from, flags) : evaluation(context, from, flags);
  return isHere ? systems(context, from, to) : evaluations(context, from, to, flags);
}

async function systems(context: CliContext, from: string, to: string): Promise<Diffs> {
  const { signal } = context;
  await using store = await openStore({ type: 'local' }, { signal });
  const [before, after] = [await systemOf(context, from), await systemOf(context, to)];
  const closures = await Promise.all([before, after].map((one) => queryClosure(store, [one], { signal })));
  const [left = [], right = []] = closures;
  const units = await diffUnits(before, after);
  return [{ name: 'system', before, after, ...diffClosures(left, right), copy: undefined, units }];
}

async function systemOf({ cwd }: CliContext, text: string): Promise<StorePath> {
  const real = await realpath(path.resolve(cwd, text)).catch(() => text);
  if (isStorePath(real)) return real;
  throw new AppError('usage.invalid', `wanted a store path or a link to one, got '${text}'`);
}

async function network(context: CliContext, file: string, flags: Flags): Promise<Diffs> {
  const { signal, env } = context;
  const { user, ...ssh } = sshSettingsFromEnvironment(env);
  // What it prints is not the result here.
  await using built = await buildNetwork({ ...context, stdout: context.stderr }, file, flags);
  const hosts = built.hosts.flatMap(({ host, toplevel }) =>
    toplevel === undefined || host.buildOnly
      ? []
      : { name: host.name, target: targetOf(host, user), toplevel },
  );
  const closureOf = (root: StorePath): Promise<readonly ClosurePath[]> =>
    queryClosure(built.store, [root], { signal });
  return diffHosts(hosts, { ssh, signal, closureOf });
}

async function evaluation(context: CliContext, text: string, flags: Flags): Promise<Diffs> {
  const { signal, env } = context;
  const { user, ...ssh } = sshSettingsFromEnvironment(env);
  const client = await connectToServer(context, flags);
  const found = await hostsFromCi(client, parseEvaluationName(text));
  const { selected } = selectFromNetwork(context, { ...found.network, brokenHosts: [] }, flags);
  const hosts = selected.flatMap((host) => {
    const toplevel = found.toplevels.get(host.name);
    return toplevel === undefined || host.buildOnly
      ? []
      : { name: host.name, target: targetOf(host, user), toplevel };
  });
  return diffHosts(hosts, { ssh, signal, closureOf: (root) => closureFromCache(client, root) });
}

async function evaluations(context: CliContext, from: string, to: string, flags: Flags): Promise<Diffs> {
  const client = await connectToServer(context, flags);
  const [before, after] = [
    await hostsFromCi(client, parseEvaluationName(from)),
    await hostsFromCi(client, parseEvaluationName(to)),
  ];
  const { selected } = selectFromNetwork(context, { ...after.network, brokenHosts: [] }, flags);
  const diffs: SystemDiff[] = [];
  for (const { name } of selected) {
    const [left, right] = [before.toplevels.get(name), after.toplevels.get(name)];
    if (left === undefined || right === undefined) continue;
    const [old, fresh] = await Promise.all([closureFromCache(client, left), closureFromCache(client, right)]);
    const units = await diffUnits(left, right);
    diffs.push({ name, before: left, after: right, ...diffClosures(old, fresh), copy: undefined, units });
  }
  return diffs;
}
