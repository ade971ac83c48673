/** `proteus builder list`: the builders, and what they are doing. */

import { pageOf } from '../../api/v1/schemas/paging.ts';
import { builder } from '../../api/v1/schemas/server.ts';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { renderBuilders } from '../client/render-builders.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command)
    .addHelpText('after', '\nExample:\n  proteus builder list\n')
    .action((flags: ServerFlags) => {
      run(async (context) => {
        const client = await connectToServer(context, flags);
        const { items } = await client.get('/api/v1/builders?limit=1000', pageOf(builder));
        printResult(context, renderBuilders(items, Date.now()).join('\n'), { builders: items });
        return 0;
      });
    });
};
