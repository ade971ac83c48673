/** `proteus status NETWORK|JOBSET`: what hosts run, against what they should run. */

import { InvalidArgumentError } from 'commander';
import { hostStatus } from '../../deploy/status/host-status.ts';
import { sshSettingsFromEnvironment } from '../../process/ssh.ts';
import { type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { askHosts } from '../fleet/ask-hosts.ts';
import { hostsOf } from '../fleet/hosts-of.ts';
import { renderStatus } from '../fleet/render-status.ts';
import { type SelectorFlags, withSelectors } from '../network-options.ts';
import { parseSpan } from '../rollouts/parse-span.ts';

interface Flags extends SelectorFlags, ServerFlags {
  readonly deadline: number;
}

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(withSelectors(command.argument('<fleet>', 'a network file, or PROJECT/JOBSET of a server')))
    .option('--deadline <time>', 'how long a host may take to answer', span, 20)
    .addHelpText(
      'after',
      `
Hosts are asked over ssh, all at the same time. What they should run is what a server built last for the jobset; for a
network file it is what this command line gave them last. A host that runs something else than what it was given has
drifted, as after a manual switch.

The exit code is 0 when all hosts are reachable and as they should be, else 4.

Examples:
  proteus status network.nix --on 'web*'
  proteus status fleet/main --json
`,
    )
    .action((fleet: string, flags: Flags) => {
      run(async (context) => {
        const { user, ...ssh } = sshSettingsFromEnvironment(context.env);
        const hosts = await hostsOf(context, fleet, flags, user);
        const options = { ssh, signal: context.signal, deadlineMs: flags.deadline * 1000 };
        const answers = await askHosts(hosts, options);
        const statuses = hosts.map(({ name, desired }, index) =>
          hostStatus(name, answers[index] ?? { reachable: false, why: 'it was not asked' }, desired),
        );
        printResult(context, renderStatus(statuses).join('\n'), { hosts: statuses });
        const isFine = statuses.every(
          ({ standing, failedUnits, needsReboot }) =>
            (standing === 'current' || standing === 'unknown') && failedUnits.length === 0 && !needsReboot,
        );
        return isFine ? 0 : 4;
      });
    });
};

function span(text: string): number {
  const seconds = parseSpan(text);
  if (seconds !== undefined && seconds > 0) return seconds;
  throw new InvalidArgumentError(`wanted a time such as 20s or 1m, got '${text}'.`);
}
