/** `proteus eval list PROJECT:JOBSET`: evaluations that changed something, newest first. */

import { evaluation } from '../../api/v1/schemas/evaluation.ts';
import { ago } from '../client/ago.ts';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { evaluationsSchema } from '../client/hydra-schemas.ts';
import { jobsetPath, parseJobsetName } from '../client/jobset-name.ts';
import { renderTable } from '../client/render-table.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { integer } from '../network-options.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command.argument('<project:jobset>', 'the jobset'))
    .option('--page <n>', 'older ones: 20 a page', integer, 1)
    .addHelpText(
      'after',
      `
The words list, show and errors after eval are about a server. With anything else, proteus eval NETWORK ATTRIBUTE
prints an attribute of a network file; one that is named list is ./list.

Example:
  proteus eval list fleet:main
`,
    )
    .action((text: string, flags: ServerFlags & { readonly page: number }) => {
      run(async (context) => {
        const path = jobsetPath(parseJobsetName(text));
        const client = await connectToServer(context, flags);
        const { evals } = await client.get(`${path}/evals?page=${flags.page}`, evaluationsSchema);
        const evaluations = await Promise.all(
          evals.map(({ id }) => client.get(`/api/v1/evaluations/${id}`, evaluation)),
        );
        const now = Date.now();
        const rows = evaluations.map(({ id, state, startedAt, counts, inputs }) => [
          id,
          ago(Math.floor(startedAt / 1000), now),
          state,
          counts.succeeded,
          counts.failed,
          counts.scheduled,
          inputs
            .map(({ name, revision }) => (revision === null ? '' : `${name} ${revision.slice(0, 12)}`))
            .join(' '),
        ]);
        const heading = ['evaluation', 'begun', 'state', 'succeeded', 'failed', 'queued', 'inputs'];
        printResult(context, renderTable(heading, rows, 'no evaluations').join('\n'), { evaluations });
        return 0;
      });
    });
};
