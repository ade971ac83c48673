/** `proteus rollout approve ID`: begins a rollout that waits for it. */

import type { ServerFlags } from '../client/connect-to-server.ts';
import type { CommandModule } from '../command-module.ts';
import { steerRollout, withRolloutId } from '../fleet/steer-rollout.ts';

export const define: CommandModule['define'] = (command, run) => {
  withRolloutId(command)
    .addHelpText(
      'after',
      '\nIt begins at once, as far as its windows let it; `proteus rollout watch` shows it.\n\nExample:\n  proteus rollout approve main-42-k3x9ab1\n',
    )
    .action((id: string, flags: ServerFlags) => {
      run((context) => steerRollout(context, flags, id, 'approve'));
    });
};
