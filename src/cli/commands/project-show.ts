/** `proteus project show PROJECT`: a project, and how its jobsets stand. */

import { z } from 'zod';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { jobsetOverviewSchema, projectSchema } from '../client/hydra-schemas.ts';
import { projectPath } from '../client/jobset-name.ts';
import { renderFields } from '../client/render-fields.ts';
import { renderJobsets } from '../client/render-jobsets.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command.argument('<project>', 'name of the project'))
    .addHelpText('after', '\nExample:\n  proteus project show fleet\n')
    .action((name: string, flags: ServerFlags) => {
      run(async (context) => {
        const path = projectPath(name);
        const client = await connectToServer(context, flags);
        const project = await client.get(path, projectSchema);
        const jobsets = await client.get(
          `/api/jobsets?project=${encodeURIComponent(project.name)}`,
          z.array(jobsetOverviewSchema),
        );
        const fields = renderFields([
          ['project', project.name],
          ['name', project.displayname],
          ['description', project.description],
          ['homepage', project.homepage],
          ['owner', project.owner],
          ['enabled', project.enabled],
          ['hidden', project.hidden],
        ]);
        printResult(context, [...fields, '', ...renderJobsets(jobsets, Date.now())].join('\n'), {
          project,
          jobsets,
        });
        return 0;
      });
    });
};
