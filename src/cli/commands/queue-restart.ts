/** `proteus queue restart ID…`: builds once more what is finished, and forgets that it failed. */

import { actOnBuilds, withBuildIds } from '../client/act-on-builds.ts';
import type { ServerFlags } from '../client/connect-to-server.ts';
import type { CommandModule } from '../command-module.ts';

export const define: CommandModule['define'] = (command, run) => {
  withBuildIds(command)
    .addHelpText(
      'after',
      '\nWhat is in the store already is not built again.\n\nExample:\n  proteus queue restart 7 8\n',
    )
    .action((ids: readonly number[], flags: ServerFlags) => {
      run((context) => actOnBuilds(context, flags, ids, 'restart', ['queued again', 'is not finished']));
    });
};
