/** `proteus queue list`: what is not built yet, in the order it will be. */

import { z } from 'zod';
import { ago } from '../client/ago.ts';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { buildSummarySchema } from '../client/hydra-schemas.ts';
import { renderTable } from '../client/render-table.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { integer } from '../network-options.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command)
    .option('--first <n>', 'so many builds', integer, 100)
    .addHelpText('after', '\nExample:\n  proteus queue list --first 20\n')
    .action((flags: ServerFlags & { readonly first: number }) => {
      run(async (context) => {
        const client = await connectToServer(context, flags);
        const builds = await client.get(`/api/queue?nr=${flags.first}`, z.array(buildSummarySchema));
        const total = await client.get('/api/nrqueue', z.int());
        const now = Date.now();
        const rows = builds.map(({ id, project, jobset, job, system, priority, timestamp }) => [
          id,
          `${project}:${jobset}:${job}`,
          system,
          priority,
          ago(timestamp, now),
        ]);
        const lines = renderTable(
          ['build', 'job', 'system', 'priority', 'queued'],
          rows,
          'nothing is waiting to be built',
        );
        const more = total > builds.length ? [`and ${total - builds.length} more`] : [];
        printResult(context, [...lines, ...more].join('\n'), { builds, total });
        return 0;
      });
    });
};
