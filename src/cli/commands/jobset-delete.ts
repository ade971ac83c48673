/** `proteus jobset delete PROJECT:JOBSET`: with its evaluations and builds. */

import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { doneSchema } from '../client/hydra-schemas.ts';
import { jobsetPath, parseJobsetName } from '../client/jobset-name.ts';
import type { CommandModule } from '../command-module.ts';
import { say } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command.argument('<project:jobset>', 'the jobset'))
    .addHelpText(
      'after',
      '\nIts evaluations and builds go with it.\n\nExample:\n  proteus jobset delete fleet:old\n',
    )
    .action((text: string, flags: ServerFlags) => {
      run(async (context) => {
        const path = jobsetPath(parseJobsetName(text));
        const client = await connectToServer(context, flags);
        await client.send('DELETE', path, undefined, doneSchema);
        say(context, `deleted jobset ${text}`);
        return 0;
      });
    });
};
