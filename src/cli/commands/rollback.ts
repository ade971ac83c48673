/** `proteus rollback NETWORK`: every host back to the system that it ran before, or to one that is named. */

import path from 'node:path';
import { planRollout } from '../../deploy/rollout/plan-rollout.ts';
import { rollbackTarget } from '../../deploy/rollout/rollback-target.ts';
import { loadNetwork } from '../../network/load-network.ts';
import type { HostMetadata } from '../../network/network.ts';
import { isStorePath, type StorePath } from '../../nix/store-path.ts';
import { sshSettingsFromEnvironment } from '../../process/ssh.ts';
import { AppError } from '../../util/app-error.ts';
import type { CommandModule } from '../command-module.ts';
import { type CliContext, say } from '../context.ts';
import {
  type EvaluationFlags,
  type SelectorFlags,
  withEvaluationFlags,
  withNetworkFile,
  withSelectors,
} from '../network-options.ts';
import { askFacts } from '../rollouts/ask-facts.ts';
import { beginRollout, type PlanFlags, withPlanFlags } from '../rollouts/begin-rollout.ts';
import { type ExecutionFlags, executionOptions, withExecutionFlags } from '../rollouts/execution-flags.ts';
import {
  policyOf,
  type RolloutFlags,
  wavesOf,
  withActivationFlags,
  withOrderFlags,
} from '../rollouts/rollout-flags.ts';
import { selectFromNetwork } from '../select-from-network.ts';

interface Flags extends SelectorFlags, EvaluationFlags, RolloutFlags, PlanFlags, ExecutionFlags {
  readonly to?: string;
  readonly skipHealthChecks?: boolean;
}

export const define: CommandModule['define'] = (command, run) => {
  const selecting = withEvaluationFlags(withSelectors(withNetworkFile(command)));
  withExecutionFlags(withPlanFlags(withActivationFlags(withOrderFlags(selecting))))
    .option('--to <what>', 'a generation of the system profile, or a store path (default: what ran before)')
    .option('--skip-health-checks', 'do not look whether hosts are well after their activation')
    .addHelpText(
      'after',
      `
Nothing is built: each host is asked what its system profile still has, and switches to the newest generation that is older
than its profile's and not what it runs. It is a rollout like any other, with all its flags and exit codes.

Examples:
  proteus rollback network.nix --on web01
  proteus rollback network.nix --on web01 --to 41
  proteus rollback network.nix --tagged prod --parallel 8 --plan-only
`,
    )
    .action((file: string, flags: Flags) => {
      run((context) => rollBack(context, file, flags));
    });
};

async function rollBack(context: CliContext, file: string, flags: Flags): Promise<number> {
  const { env, signal } = context;
  const policy = policyOf(flags);
  const network = await loadNetwork(file, { signal, showTrace: flags.showTrace, env });
  const { selected } = selectFromNetwork(context, network, flags);
  const wanted = selected.filter(({ buildOnly }) => !buildOnly);
  if (wanted.length === 0) throw new AppError('network.no-hosts', 'No hosts selected');
  const toplevels = await targetsOf(context, wanted, flags);
  const absolute = path.resolve(context.cwd, file);
  const plan = planRollout({
    action: 'switch',
    hosts: wanted.filter(({ name }) => toplevels.has(name)),
    toplevels,
    defaultUser: sshSettingsFromEnvironment(env).user,
    source: { type: 'paths' },
    baseDirectory: path.dirname(absolute),
    policy,
    waves: wavesOf(flags, flags.orderByTags ? flags.orderByTags.split(',') : network.orderingTags),
    skipHealthChecks: flags.skipHealthChecks,
    // They are about bringing something new.
    skipPreDeployChecks: true,
  });
  const named = { ...flags, why: flags.why ?? 'rollback' };
  return beginRollout(context, plan, named, executionOptions(context, flags));
}

/** Hosts that cannot be reached are left out where that is asked for. */
async function targetsOf(
  context: CliContext,
  hosts: readonly HostMetadata[],
  { to, unreachable }: Flags,
): Promise<ReadonlyMap<string, StorePath>> {
  if (to !== undefined && isStorePath(to)) return new Map(hosts.map(({ name }) => [name, to]));
  if (to !== undefined && !/^\d{1,9}$/.test(to)) {
    throw new AppError('usage.invalid', `--to wants the number of a generation or a store path, got '${to}'`);
  }
  const ssh = sshSettingsFromEnvironment(context.env);
  const targets = hosts.map((host) => ({
    name: host.name,
    target: {
      host: host.targetHost,
      port: host.targetPort || undefined,
      user: host.targetUser || ssh.user,
    },
  }));
  const toplevels = new Map<string, StorePath>();
  for (const asked of await askFacts(targets, { ssh, signal: context.signal })) {
    if ('facts' in asked) {
      toplevels.set(
        asked.host,
        rollbackTarget(asked.host, asked.facts, to === undefined ? undefined : Number(to)),
      );
    } else if (asked.problem.code === 'deploy.unreachable' && unreachable === 'skip') {
      say(context, `${asked.host}: left out: ${asked.problem.message}`);
    } else {
      throw asked.problem;
    }
  }
  return toplevels;
}
