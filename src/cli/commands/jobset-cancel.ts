/** `proteus jobset cancel PROJECT:JOBSET`: ends the evaluation that is under way. */

import { cancelEvaluationReply } from '../../api/v1/schemas/evaluation.ts';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { parseJobsetName } from '../client/jobset-name.ts';
import type { CommandModule } from '../command-module.ts';
import { say } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command.argument('<project:jobset>', 'the jobset'))
    .addHelpText(
      'after',
      '\nIts builds go on: see proteus queue cancel.\n\nExample:\n  proteus jobset cancel fleet:main\n',
    )
    .action((text: string, flags: ServerFlags) => {
      run(async (context) => {
        const { project, jobset } = parseJobsetName(text);
        const client = await connectToServer(context, flags);
        const path = `/api/v1/projects/${project}/jobsets/${jobset}/cancel-evaluation`;
        const { cancelled } = await client.send('POST', path, undefined, cancelEvaluationReply);
        say(context, cancelled ? `${text}: its evaluation was cancelled` : `${text} was not being evaluated`);
        return 0;
      });
    });
};
