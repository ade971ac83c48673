/** `proteus eval NETWORK ATTRIBUTE`: the value of `nodes.ATTRIBUTE` in Nix syntax, straight from Nix. */

import { pipeline } from 'node:stream/promises';
import { networkEvalArgv } from '../../network/network-root.ts';
import { startProcess } from '../../process/start-process.ts';
import type { CommandModule } from '../command-module.ts';
import { withNetworkFile } from '../network-options.ts';

export const define: CommandModule['define'] = (command, run) => {
  withNetworkFile(command)
    .argument('<attribute>', 'path below the hosts, e.g. web01.config.networking.hostName')
    .addHelpText(
      'after',
      `
With the word list, show or errors in the place of the network it is about the evaluations of a server; a network file
of such a name is ./list.

Example:
  proteus eval network.nix '"host.with.dots".config.networking.hostName'
`,
    )
    .action((file: string, attribute: string) => {
      run(async (context) => {
        await using child = await startProcess(networkEvalArgv(file, attribute), {
          signal: context.signal,
          env: context.env,
          cwd: context.cwd,
        });
        child.stdin.end();
        await Promise.all([
          pipeline(child.stdout, context.stdout, { end: false }),
          pipeline(child.stderr, context.stderr, { end: false }),
        ]);
        const exit = await child.exited;
        return exit.code === 0 ? 0 : 1;
      });
    });
};
