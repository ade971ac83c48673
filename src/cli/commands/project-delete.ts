/** `proteus project delete PROJECT`: with all its jobsets, evaluations and builds. */

import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { doneSchema } from '../client/hydra-schemas.ts';
import { projectPath } from '../client/jobset-name.ts';
import type { CommandModule } from '../command-module.ts';
import { say } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command.argument('<project>', 'name of the project'))
    .addHelpText(
      'after',
      '\nIts jobsets, evaluations and builds go with it.\n\nExample:\n  proteus project delete fleet\n',
    )
    .action((name: string, flags: ServerFlags) => {
      run(async (context) => {
        const path = projectPath(name);
        const client = await connectToServer(context, flags);
        await client.send('DELETE', path, undefined, doneSchema);
        say(context, `deleted project ${name}`);
        return 0;
      });
    });
};
