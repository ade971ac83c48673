/** `proteus jobset list [PROJECT]`: jobsets, and how their builds stand. */

import { z } from 'zod';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { jobsetOverviewSchema, projectSchema } from '../client/hydra-schemas.ts';
import { projectPath } from '../client/jobset-name.ts';
import { renderJobsets } from '../client/render-jobsets.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command.argument('[project]', 'only those of this project'))
    .addHelpText('after', '\nExample:\n  proteus jobset list fleet\n')
    .action((project: string | undefined, flags: ServerFlags) => {
      run(async (context) => {
        const only = project === undefined ? [] : [projectPath(project).slice('/project/'.length)];
        const client = await connectToServer(context, flags);
        const names =
          project === undefined
            ? (await client.get('/', z.array(projectSchema))).map(({ name }) => name)
            : only;
        const jobsets = (
          await Promise.all(
            names.map((name) => client.get(`/api/jobsets?project=${name}`, z.array(jobsetOverviewSchema))),
          )
        ).flat();
        printResult(context, renderJobsets(jobsets, Date.now()).join('\n'), { jobsets });
        return 0;
      });
    });
};
