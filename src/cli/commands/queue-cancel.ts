/** `proteus queue cancel ID…`: ends builds that are not finished. */

import { actOnBuilds, withBuildIds } from '../client/act-on-builds.ts';
import type { ServerFlags } from '../client/connect-to-server.ts';
import type { CommandModule } from '../command-module.ts';

export const define: CommandModule['define'] = (command, run) => {
  withBuildIds(command)
    .addHelpText('after', '\nSteps that other builds need go on.\n\nExample:\n  proteus queue cancel 7 8\n')
    .action((ids: readonly number[], flags: ServerFlags) => {
      run((context) => actOnBuilds(context, flags, ids, 'cancel', ['cancelled', 'was finished already']));
    });
};
