/** `proteus deploy NETWORK ACTION`: build, copy and activate, wave by wave, with a way back. */

import { Argument } from 'commander';
import { type SwitchAction, switchActions } from '../../deploy/deploy-plan.ts';
import type { CommandModule } from '../command-module.ts';
import { type DeployFlags, deployNetwork, withDeployFlags } from '../deploy-network.ts';
import { withBuildFlags } from '../network-options.ts';

export const define: CommandModule['define'] = (command, run) => {
  withDeployFlags(withBuildFlags(command))
    .addArgument(new Argument('<action>', 'what the hosts do with their new system').choices(switchActions))
    .addHelpText(
      'after',
      `
One host after the other, and the first that fails ends it, unless flags say otherwise. A host whose activation or health
checks fail, or that cannot be reached afterwards, goes back to what it ran before.

Exit codes: 0 all hosts are as planned, 4 some were skipped or are degraded (failed units, needs a reboot), 1 some failed
or were rolled back, 130 interrupted. What was interrupted goes on with: proteus rollout resume

Examples:
  proteus deploy network.nix switch
  proteus deploy network.nix dry-activate --on db01
  proteus deploy network.nix switch --on '@prod,!db*' --parallel 8 --canary 1 --waves 25%,rest --soak 5m
  proteus deploy network.nix boot --reboot --window '22:00-06:00' --max-unavailable 1
  proteus deploy - switch --path db01=./result --path db02=./result
  proteus deploy network.nix switch --on 'arm*' --build-on-target
  proteus deploy - switch --from-ci fleet/main --server https://ci.example.org
`,
    )
    .action((file: string, action: SwitchAction, flags: DeployFlags) => {
      run((context) => deployNetwork(context, file, action, flags));
    });
};
