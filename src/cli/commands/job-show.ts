/** `proteus job show PROJECT:JOBSET JOB`: the latest builds of a job. */

import { z } from 'zod';
import { ago } from '../client/ago.ts';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { buildSummarySchema } from '../client/hydra-schemas.ts';
import { parseJobsetName } from '../client/jobset-name.ts';
import { renderTable } from '../client/render-table.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { integer } from '../network-options.ts';
import { describeStatus } from '../progress/describe-status.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(
    command
      .argument('<project:jobset>', 'the jobset')
      .argument('<job>', 'the job; of a network: the machine'),
  )
    .option('--last <n>', 'so many builds', integer, 20)
    .addHelpText('after', '\nExample:\n  proteus job show fleet:main web01\n')
    .action((text: string, job: string, flags: ServerFlags & { readonly last: number }) => {
      run(async (context) => {
        const { project, jobset } = parseJobsetName(text);
        const client = await connectToServer(context, flags);
        const query = new URLSearchParams({ nr: String(flags.last), project, jobset, job });
        const builds = await client.get(`/api/latestbuilds?${query.toString()}`, z.array(buildSummarySchema));
        const now = Date.now();
        const rows = builds.map(({ id, nixname, system, timestamp, buildstatus }) => [
          id,
          nixname,
          system,
          ago(timestamp, now),
          describeStatus(buildstatus ?? -1),
        ]);
        const heading = ['build', 'name', 'system', 'queued', 'result'];
        printResult(context, renderTable(heading, rows, 'no finished builds').join('\n'), { builds });
        return 0;
      });
    });
};
