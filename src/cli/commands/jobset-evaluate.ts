/** `proteus jobset evaluate PROJECT:JOBSET`: at once, instead of when its time comes. */

import { evaluateReply } from '../../api/v1/schemas/evaluation.ts';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { parseJobsetName } from '../client/jobset-name.ts';
import type { CommandModule } from '../command-module.ts';
import { say } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command.argument('<project:jobset>', 'the jobset'))
    .option('--force', 'also when nothing has changed')
    .addHelpText('after', '\nExample:\n  proteus jobset evaluate fleet:main && proteus watch\n')
    .action((text: string, flags: ServerFlags & { readonly force?: boolean }) => {
      run(async (context) => {
        const { project, jobset } = parseJobsetName(text);
        const client = await connectToServer(context, flags);
        const path = `/api/v1/projects/${project}/jobsets/${jobset}/evaluate`;
        await client.send('POST', path, { force: flags.force === true }, evaluateReply);
        say(context, `${project}:${jobset} will be evaluated`);
        return 0;
      });
    });
};
