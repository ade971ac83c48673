/** `proteus host cordon PROJECT/HOST`: leaves a host out of rollouts. */

import { host as hostSchema } from '../../api/v1/schemas/rollout.ts';
import { connectToServer, type ServerFlags } from '../client/connect-to-server.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { hostPath, withHostName } from '../fleet/host-name.ts';

export const define: CommandModule['define'] = (command, run) => {
  withHostName(command)
    .option('--reason <text>', 'why, for those who wonder')
    .addHelpText(
      'after',
      "\nA rollout that has it in hand already sees it to its end.\n\nExample:\n  proteus host cordon fleet/db01 --reason 'a bad disk'\n",
    )
    .action((name: string, flags: ServerFlags & { readonly reason?: string }) => {
      run(async (context) => {
        const path = hostPath(name);
        const client = await connectToServer(context, flags);
        const host = await client.send('POST', `${path}/cordon`, { reason: flags.reason }, hostSchema);
        printResult(context, `${name} takes no part in rollouts`, { host });
        return 0;
      });
    });
};
