/** `proteus rollout pause ID`: begins no further host. */

import type { ServerFlags } from '../client/connect-to-server.ts';
import type { CommandModule } from '../command-module.ts';
import { steerRollout, withRolloutId } from '../fleet/steer-rollout.ts';

export const define: CommandModule['define'] = (command, run) => {
  withRolloutId(command)
    .addHelpText(
      'after',
      '\nHosts that are in hand are seen to their end. `proteus rollout resume` goes on.\n\nExample:\n  proteus rollout pause main-42-k3x9ab1\n',
    )
    .action((id: string, flags: ServerFlags) => {
      run((context) => steerRollout(context, flags, id, 'pause'));
    });
};
