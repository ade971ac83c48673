/** `proteus job list PROJECT:JOBSET`: the jobs of the latest evaluation, and what became of each. */

import { z } from 'zod';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { buildSchema, evaluationsSchema } from '../client/hydra-schemas.ts';
import { jobsetPath, parseJobsetName } from '../client/jobset-name.ts';
import { renderBuilds } from '../client/render-builds.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command.argument('<project:jobset>', 'the jobset'))
    .addHelpText('after', '\nExample:\n  proteus job list fleet:main\n')
    .action((text: string, flags: ServerFlags) => {
      run(async (context) => {
        const path = jobsetPath(parseJobsetName(text));
        const client = await connectToServer(context, flags);
        const { evals } = await client.get(`${path}/evals`, evaluationsSchema);
        const latest = evals[0]?.id;
        const builds =
          latest === undefined ? [] : await client.get(`/eval/${latest}/builds`, z.array(buildSchema));
        printResult(context, renderBuilds(builds).join('\n'), { evaluation: latest ?? null, builds });
        return 0;
      });
    });
};
