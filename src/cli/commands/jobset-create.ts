/** `proteus jobset create PROJECT:JOBSET`: what is to be evaluated and built again and again. */

import { AppError } from '../../util/app-error.ts';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { exists } from '../client/exists.ts';
import { doneSchema } from '../client/hydra-schemas.ts';
import { applyJobsetFlags, type JobsetFlags, newJobset, withJobsetFlags } from '../client/jobset-flags.ts';
import { jobsetPath, parseJobsetName } from '../client/jobset-name.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(withJobsetFlags(command.argument('<project:jobset>', 'the jobset; its project must exist')))
    .addHelpText(
      'after',
      `
Examples:
  proteus jobset create fleet:main --network network:network.nix \\
    --input 'network=git:https://git.example.org/net.git main'
  proteus jobset create fleet:eiffel --expression network:hydra/eiffel.nix --import-from-derivation \\
    --input 'nixpkgs=git:https://github.com/NixOS/nixpkgs nixos-unstable' \\
    --input 'network=git:https://git.example.org/net.git' --check-interval 3600
  proteus jobset create tools:main --flake github:example/tools
`,
    )
    .action((text: string, flags: ServerFlags & JobsetFlags) => {
      run(async (context) => {
        const name = parseJobsetName(text);
        if (flags.network === undefined && flags.expression === undefined && flags.flake === undefined) {
          throw new AppError('usage.invalid', 'one of --network, --expression and --flake is needed');
        }
        const body = applyJobsetFlags(newJobset, flags);
        const path = jobsetPath(name);
        const client = await connectToServer(context, flags);
        if (await exists(client, path)) {
          throw new AppError('db.conflict', `there is a jobset ${text} already`, {
            hint: 'Change it with `proteus jobset edit`.',
          });
        }
        await client.send('PUT', path, body, doneSchema);
        printResult(context, `made ${client.url}${path}`, { ...name, url: `${client.url}${path}` });
        return 0;
      });
    });
};
