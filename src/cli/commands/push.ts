/** `proteus push NETWORK`: build, then copy each host's system to it, without activating anything. */

import type { CommandModule } from '../command-module.ts';
import { type DeployFlags, deployNetwork, withPushFlags } from '../deploy-network.ts';
import { withBuildFlags } from '../network-options.ts';

export const define: CommandModule['define'] = (command, run) => {
  withPushFlags(withBuildFlags(command))
    .addHelpText(
      'after',
      '\nExamples:\n  proteus push network.nix --tagged prod\n  proteus push network.nix --parallel 8 --unreachable skip\n',
    )
    .action((file: string, flags: DeployFlags) => {
      run((context) => deployNetwork(context, file, 'push', flags));
    });
};
