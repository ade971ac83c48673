/** `proteus builder drain NAME`: gives a builder no more steps; those it has go on. */

import { builder } from '../../api/v1/schemas/server.ts';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import type { CommandModule } from '../command-module.ts';
import { say } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command.argument('<name>', 'name of the builder, as builder list shows it'))
    .addHelpText('after', '\nExample:\n  proteus builder drain ssh-ng://root@arm1\n')
    .action((name: string, flags: ServerFlags) => {
      run(async (context) => {
        const client = await connectToServer(context, flags);
        const path = `/api/v1/builders/${encodeURIComponent(name)}/drain`;
        await client.send('POST', path, { drained: true }, builder);
        say(context, `${name} takes no more steps`);
        return 0;
      });
    });
};
