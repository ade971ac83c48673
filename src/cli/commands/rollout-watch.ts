/** `proteus rollout watch ID`: a rollout of a server, live until it has ended. */

import { connectToServer, type ServerFlags } from '../client/connect-to-server.ts';
import type { CommandModule } from '../command-module.ts';
import { rolloutPath, withRolloutId } from '../fleet/steer-rollout.ts';
import { watchRollout } from '../fleet/watch-rollout.ts';

export const define: CommandModule['define'] = (command, run) => {
  withRolloutId(command)
    .addHelpText(
      'after',
      `
Interrupting it ends the watching, not the rollout. The exit code is 0 when all is as planned, 4 when a host has
something wrong with it, 1 when one failed or the rollout was aborted.

Example:
  proteus rollout watch main-42-k3x9ab1
`,
    )
    .action((id: string, flags: ServerFlags) => {
      run(async (context) => {
        rolloutPath(id);
        return watchRollout(context, await connectToServer(context, flags), id);
      });
    });
};
