/** `proteus project list`: the projects of the server. */

import { z } from 'zod';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { projectSchema } from '../client/hydra-schemas.ts';
import { renderTable } from '../client/render-table.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command)
    .addHelpText('after', '\nExample:\n  proteus project list --server http://ci:3000\n')
    .action((flags: ServerFlags) => {
      run(async (context) => {
        const client = await connectToServer(context, flags);
        const projects = await client.get('/', z.array(projectSchema));
        const rows = projects.map(({ name, displayname, owner, enabled, jobsets }) => [
          name,
          displayname,
          owner,
          enabled,
          jobsets.join(' '),
        ]);
        const lines = renderTable(
          ['project', 'name', 'owner', 'enabled', 'jobsets'],
          rows,
          'no projects: proteus project create NAME',
        );
        printResult(context, lines.join('\n'), { projects });
        return 0;
      });
    });
};
