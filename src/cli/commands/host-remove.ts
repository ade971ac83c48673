/** `proteus host remove PROJECT/HOST`: forgets a host that is no more. */

import { z } from 'zod';
import { connectToServer, type ServerFlags } from '../client/connect-to-server.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { hostPath, withHostName } from '../fleet/host-name.ts';

export const define: CommandModule['define'] = (command, run) => {
  withHostName(command)
    .addHelpText(
      'after',
      '\nWhat it runs and what it ran before is kept by the server and its cache no longer.\n\nExample:\n  proteus host remove fleet/old01\n',
    )
    .action((name: string, flags: ServerFlags) => {
      run(async (context) => {
        const path = hostPath(name);
        const client = await connectToServer(context, flags);
        await client.send('DELETE', path, undefined, z.unknown());
        printResult(context, `${name} is forgotten`, { removed: name });
        return 0;
      });
    });
};
