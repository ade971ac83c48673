/** From a network file to a rollout: what was built, or paths that somebody named; `push` and `deploy` differ in the end only. */

import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import type { DeployPlan, PlanSource } from '../deploy/deploy-plan.ts';
import { planRollout } from '../deploy/rollout/plan-rollout.ts';
import { bareHost } from '../network/bare-host.ts';
import { loadNetwork } from '../network/load-network.ts';
import type { HostMetadata } from '../network/network.ts';
import { isStorePath, type StorePath } from '../nix/store-path.ts';
import { sshSettingsFromEnvironment } from '../process/ssh.ts';
import type { Store } from '../store/store.ts';
import { AppError } from '../util/app-error.ts';
import { buildNetwork } from './build-network.ts';
import { type ServerFlags, withServerFlags } from './client/connect-to-server.ts';
import type { CliContext } from './context.ts';
import { systemsFromCi } from './fleet/systems-from-ci.ts';
import { type BuildFlags, collect } from './network-options.ts';
import { beginRollout, type PlanFlags, withPlanFlags } from './rollouts/begin-rollout.ts';
import { type ExecutionFlags, executionOptions, withExecutionFlags } from './rollouts/execution-flags.ts';
import {
  policyOf,
  type RolloutFlags,
  wavesOf,
  withActivationFlags,
  withOrderFlags,
} from './rollouts/rollout-flags.ts';
import { selectFromNetwork } from './select-from-network.ts';

export interface DeployFlags extends ServerFlags, BuildFlags, RolloutFlags, PlanFlags, ExecutionFlags {
  readonly path?: readonly string[];
  readonly fromCi?: string;
  /** Undefined: as the network says of each host. */
  readonly buildOnTarget?: boolean;
  readonly uploadSecrets?: boolean;
  readonly reboot?: boolean;
  readonly skipHealthChecks?: boolean;
  readonly skipPreDeployChecks?: boolean;
  readonly force?: boolean;
}

export function withPushFlags(command: Command): Command {
  return withServerFlags(
    withPlanFlags(
      withOrderFlags(command)
        .option(
          '--path <host=path>',
          'build nothing: the system of a host, in the store; may be repeated, hosts without are left out',
          collect,
        )
        .option(
          '--from-ci <jobset>',
          'evaluate and build nothing: what a server built, PROJECT/JOBSET[#EVALUATION]; with - for the network',
        )
        .option(
          '--build-on-target',
          'have each host build its system itself (default: those with deployment.buildOnTarget)',
        )
        .option('--no-build-on-target', 'build all of them here, or on builders'),
    ),
  );
}

export function withDeployFlags(command: Command): Command {
  return withExecutionFlags(withActivationFlags(withPushFlags(command)))
    .option('--upload-secrets', 'upload secrets before and after the activation')
    .option('--reboot', 'reboot each host, and wait until it has come back')
    .option('--skip-health-checks', 'do not look whether hosts are well after their activation')
    .option('--skip-pre-deploy-checks', 'do not ask hosts whether they may be deployed to')
    .option('--force', 'activate also what a host runs already');
}

export interface Systems extends AsyncDisposable {
  readonly hosts: readonly HostMetadata[];
  readonly toplevels: ReadonlyMap<string, StorePath>;
  /** The derivations of those that hosts build themselves. */
  readonly drvPaths?: ReadonlyMap<string, StorePath>;
  readonly orderingTags: readonly string[];
  /** The local one, held open where something was built. */
  readonly store: Store | undefined;
  readonly source: PlanSource;
}

/** Exit codes as of `beginRollout`. No host is touched when one of them could not be built. */
export async function deployNetwork(
  context: CliContext,
  file: string,
  action: DeployPlan['action'],
  flags: DeployFlags,
): Promise<number> {
  // What is wrong with them is told before anything is built.
  const policy = policyOf(flags);
  wavesOf({ ...flags, wavesByTag: false }, []);
  await using systems = await systemsOf(context, file, flags);
  const absolute = path.resolve(context.cwd, file);
  const orderingTags = flags.orderByTags ? flags.orderByTags.split(',') : systems.orderingTags;
  const plan = planRollout({
    action,
    hosts: systems.hosts,
    toplevels: systems.toplevels,
    drvPaths: systems.drvPaths,
    defaultUser: sshSettingsFromEnvironment(context.env).user,
    source: systems.source,
    baseDirectory: path.dirname(absolute),
    policy,
    waves: wavesOf(flags, orderingTags),
    uploadSecrets: flags.uploadSecrets,
    reboot: flags.reboot,
    skipHealthChecks: flags.skipHealthChecks,
    skipPreDeployChecks: flags.skipPreDeployChecks,
    force: flags.force,
  });
  const options = { ...executionOptions(context, flags), store: systems.store };
  return await beginRollout(context, plan, flags, options);
}

function systemsOf(context: CliContext, file: string, flags: DeployFlags): Promise<Systems> {
  if (flags.buildOnTarget && (flags.fromCi !== undefined || flags.path !== undefined))
    throw new AppError('usage.invalid', 'nothing is built with --path or --from-ci, nor on the target');
  if (flags.fromCi === undefined)
    return flags.path === undefined ? build(context, file, flags) : named(context, file, flags, flags.path);
  if (flags.path !== undefined || file !== '-')
    throw new AppError('usage.invalid', 'with --from-ci the network is -, and --path cannot be given');
  return systemsFromCi(context, flags.fromCi, flags);
}

async function build(context: CliContext, file: string, flags: DeployFlags): Promise<Systems> {
  const built = await buildNetwork(
    context,
    file,
    flags,
    ({ buildOnly, buildOnTarget }) => !buildOnly && (flags.buildOnTarget ?? buildOnTarget),
  );
  const unbuilt = [
    ...built.broken,
    ...built.hosts.filter(({ toplevel }) => toplevel === undefined).map(({ host }) => host.name),
  ];
  if (unbuilt.length > 0) {
    await built[Symbol.asyncDispose]();
    throw new AppError(
      'deploy.not-built',
      `no host was touched, because ${unbuilt.join(', ')} could not be built; mend it, or leave it out with --on`,
    );
  }
  return {
    hosts: built.hosts.map(({ host }) => host),
    toplevels: new Map(
      built.hosts.flatMap(({ host, toplevel }) => (toplevel === undefined ? [] : [[host.name, toplevel]])),
    ),
    drvPaths: new Map(
      built.hosts.flatMap(({ host, drvPath }) => (drvPath === undefined ? [] : [[host.name, drvPath]])),
    ),
    orderingTags: built.orderingTags,
    store: built.store,
    source: { type: 'network', file: path.resolve(context.cwd, file) },
    [Symbol.asyncDispose]: () => built[Symbol.asyncDispose](),
  };
}

/** Hosts of the network, or with `-` instead of one hosts of those names that ssh knows. */
async function named(
  context: CliContext,
  file: string,
  flags: DeployFlags,
  paths: readonly string[],
): Promise<Systems> {
  const toplevels = new Map<string, StorePath>();
  for (const text of paths) {
    const [, host = '', link = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
    if (host === '') throw new AppError('usage.invalid', `wanted --path HOST=PATH, got '${text}'`);
    if (toplevels.has(host)) throw new AppError('usage.invalid', `--path names ${host} twice`);
    toplevels.set(host, await storePathOf(path.resolve(context.cwd, link)));
  }
  const source = { type: 'paths' } as const;
  const nothing = { toplevels, store: undefined, source, async [Symbol.asyncDispose]() {} };
  if (file === '-') return { ...nothing, hosts: [...toplevels.keys()].map(bareHost), orderingTags: [] };
  const network = await loadNetwork(file, {
    signal: context.signal,
    showTrace: flags.showTrace,
    env: context.env,
  });
  const { selected } = selectFromNetwork(context, network, flags);
  const known = new Set(selected.map(({ name }) => name));
  const unknown = [...toplevels.keys()].filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new AppError(
      'usage.invalid',
      `--path names ${unknown.join(', ')}, which ${file} does not have or --on leaves out`,
    );
  }
  const hosts = selected.filter(({ name }) => toplevels.has(name));
  return { ...nothing, hosts, orderingTags: network.orderingTags };
}

/** Also links to store paths, as results of builds are. */
async function storePathOf(file: string): Promise<StorePath> {
  if (isStorePath(file)) return file;
  const real = await realpath(file).catch(() => file);
  if (isStorePath(real)) return real;
  throw new AppError('usage.invalid', `--path wants a store path or a link to one, got ${file}`);
}
