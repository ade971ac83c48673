/** `proteus deploy NETWORK ACTION`: build, copy and activate, one host after the other in the order of their tags. */

import { Argument } from 'commander';
import { type SwitchAction, switchActions } from '../../deploy/deploy-plan.ts';
import type { CommandModule } from '../command-module.ts';
import { type DeployFlags, deployNetwork, withDeployFlags } from '../deploy-network.ts';
import { withBuildFlags } from '../network-options.ts';

export const define: CommandModule['define'] = (command, run) => {
  withDeployFlags(withBuildFlags(command))
    .addArgument(new Argument('<action>', 'what the hosts do with their new system').choices(switchActions))
    .option('--timeout <seconds>', 'longest time an activation may take on a host (0: no limit)', Number, 0)
    .addHelpText(
      'after',
      `
The first host that fails ends the deployment; the hosts after it are not touched.

Examples:
  proteus deploy network.nix switch
  proteus deploy network.nix dry-activate --on db01
`,
    )
    .action((file: string, action: SwitchAction, flags: DeployFlags) => {
      run((context) => deployNetwork(context, file, action, flags));
    });
};
