/** `proteus host uncordon PROJECT/HOST`: lets a host take part in rollouts again. */

import { host as hostSchema } from '../../api/v1/schemas/rollout.ts';
import { connectToServer, type ServerFlags } from '../client/connect-to-server.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { hostPath, withHostName } from '../fleet/host-name.ts';

export const define: CommandModule['define'] = (command, run) => {
  withHostName(command)
    .addHelpText(
      'after',
      '\nThe next rollout has it again.\n\nExample:\n  proteus host uncordon fleet/db01\n',
    )
    .action((name: string, flags: ServerFlags) => {
      run(async (context) => {
        const path = hostPath(name);
        const client = await connectToServer(context, flags);
        const host = await client.send('POST', `${path}/uncordon`, undefined, hostSchema);
        printResult(context, `${name} takes part in rollouts again`, { host });
        return 0;
      });
    });
};
