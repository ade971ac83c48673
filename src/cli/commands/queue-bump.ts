/** `proteus queue bump ID…`: puts builds before all others. */

import { actOnBuilds, withBuildIds } from '../client/act-on-builds.ts';
import type { ServerFlags } from '../client/connect-to-server.ts';
import type { CommandModule } from '../command-module.ts';

export const define: CommandModule['define'] = (command, run) => {
  withBuildIds(command)
    .addHelpText('after', '\nThe later bumped, the earlier built.\n\nExample:\n  proteus queue bump 7 8\n')
    .action((ids: readonly number[], flags: ServerFlags) => {
      run((context) => actOnBuilds(context, flags, ids, 'bump', ['comes first now', 'is finished already']));
    });
};
