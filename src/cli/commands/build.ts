/** `proteus build NETWORK`: every selected host's system, built; the result path on standard output. */

import { buildNetwork, exitCodeOf } from '../build-network.ts';
import type { CommandModule } from '../command-module.ts';
import { type BuildFlags, withBuildFlags } from '../network-options.ts';

export const define: CommandModule['define'] = (command, run) => {
  withBuildFlags(command)
    .addHelpText(
      'after',
      `
Standard output is exactly one line: a store path that holds one link per host to its system.
A host that cannot be evaluated or built does not stop the others; the exit code is then 1.

Examples:
  proteus build network.nix
  proteus build network.nix --on 'web*' --keep-result
  proteus build network.nix --builders 'ssh-ng://root@arm1 aarch64-linux - 4'
`,
    )
    .action((file: string, flags: BuildFlags) => {
      run(async (context) => {
        await using built = await buildNetwork(context, file, flags);
        return exitCodeOf(built);
      });
    });
};
