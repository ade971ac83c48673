/** `proteus watch`: what a server evaluates and builds, live. */

import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { watchServer } from '../client/watch-server.ts';
import type { CommandModule } from '../command-module.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command)
    .addHelpText(
      'after',
      `
Live on a terminal, a line for each thing that happens elsewhere, JSON events with --json. It connects again when the
server was away, and goes on where it was.

Examples:
  proteus watch
  proteus watch --server https://ci.example.org --json
`,
    )
    .action((flags: ServerFlags) => {
      run(async (context) => {
        await watchServer(context, await connectToServer(context, flags));
        return 0;
      });
    });
};
