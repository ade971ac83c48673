/** `proteus rollout abort ID`: ends a rollout. */

import type { ServerFlags } from '../client/connect-to-server.ts';
import type { CommandModule } from '../command-module.ts';
import { steerRollout, withRolloutId } from '../fleet/steer-rollout.ts';

export const define: CommandModule['define'] = (command, run) => {
  withRolloutId(command)
    .addHelpText(
      'after',
      '\nHosts that are being activated are seen to their end, all others are left alone.\n\nExample:\n  proteus rollout abort main-42-k3x9ab1\n',
    )
    .action((id: string, flags: ServerFlags) => {
      run((context) => steerRollout(context, flags, id, 'abort'));
    });
};
