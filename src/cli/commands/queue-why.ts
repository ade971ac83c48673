/** `proteus queue why ID`: why a build is not building. */

import { why } from '../../api/v1/schemas/build.ts';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { parseId } from '../client/parse-id.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command.argument('<id>', 'number of the build', parseId))
    .addHelpText('after', '\nExample:\n  proteus queue why 7\n')
    .action((id: number, flags: ServerFlags) => {
      run(async (context) => {
        const client = await connectToServer(context, flags);
        const { reason, sentence } = await client.get(`/api/v1/builds/${id}/why`, why);
        printResult(context, sentence, { build: id, reason, sentence });
        return 0;
      });
    });
};
