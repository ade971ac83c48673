/** Build, then roll out: `push` and `deploy` are the same way with another end. */

import type { Command } from 'commander';
import { deployHosts } from '../deploy/deploy-hosts.ts';
import type { SwitchAction } from '../deploy/deploy-plan.ts';
import { planDeployment } from '../deploy/plan-deployment.ts';
import { sshSettingsFromEnvironment } from '../process/ssh.ts';
import { AppError } from '../util/app-error.ts';
import { buildNetwork } from './build-network.ts';
import { type CliContext, say } from './context.ts';
import type { BuildFlags } from './network-options.ts';

export interface DeployFlags extends BuildFlags {
  readonly dryRun?: boolean | undefined;
  readonly timeout?: number | undefined;
}

export function withDeployFlags(command: Command): Command {
  return command.option('--dry-run', 'build, and say what would be done, without touching any host');
}

/** 0 when every selected host was built and done; nothing is touched when one of them could not be built. */
export async function deployNetwork(
  context: CliContext,
  file: string,
  action: SwitchAction | 'push',
  flags: DeployFlags,
): Promise<number> {
  await using built = await buildNetwork(context, file, flags);
  const unbuilt = [
    ...built.broken,
    ...built.hosts.filter(({ toplevel }) => toplevel === undefined).map(({ host }) => host.name),
  ];
  if (unbuilt.length > 0) {
    throw new AppError(
      'deploy.not-built',
      `no host was touched, because ${unbuilt.join(', ')} could not be built; mend it, or leave it out with --on`,
    );
  }
  const ssh = sshSettingsFromEnvironment(context.env);
  const plan = planDeployment({
    action,
    hosts: built.hosts.map(({ host }) => host),
    toplevels: new Map(
      built.hosts.flatMap(({ host, toplevel }) => (toplevel === undefined ? [] : [[host.name, toplevel]])),
    ),
    defaultUser: ssh.user,
  });
  if (flags.dryRun) {
    for (const { name, toplevel, buildOnly } of plan.hosts) {
      say(context, `${name}: would ${buildOnly ? 'only be built' : action} ${toplevel}`);
    }
    return 0;
  }
  const outcomes = await deployHosts(plan, {
    store: built.store,
    ssh,
    emit: context.emit,
    signal: context.signal,
    ...(flags.timeout ? { activationTimeoutMs: flags.timeout * 1000 } : {}),
  });
  if (context.json) context.stdout.write(`${JSON.stringify({ type: 'deploy.result', hosts: outcomes })}\n`);
  return outcomes.some(({ result }) => result === 'failed') ? 1 : 0;
}
