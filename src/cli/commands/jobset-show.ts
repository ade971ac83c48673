/** `proteus jobset show PROJECT:JOBSET`: its settings, its inputs, and what went wrong last. */

import { jobsetState, jobsetType } from '../../db/records.ts';
import { ago } from '../client/ago.ts';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { jobsetSchema } from '../client/hydra-schemas.ts';
import { jobsetPath, parseJobsetName } from '../client/jobset-name.ts';
import { renderFields } from '../client/render-fields.ts';
import { renderTable } from '../client/render-table.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

const nameOf = (table: Readonly<Record<string, number>>, number: number): string =>
  Object.entries(table).find(([, value]) => value === number)?.[0] ?? String(number);

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command.argument('<project:jobset>', 'the jobset'))
    .addHelpText('after', '\nExample:\n  proteus jobset show fleet:main\n')
    .action((text: string, flags: ServerFlags) => {
      run(async (context) => {
        const name = parseJobsetName(text);
        const client = await connectToServer(context, flags);
        // Under this address the jobset comes with the text of its error.
        const jobset = await client.get(`${jobsetPath(name)}/errors`, jobsetSchema);
        const now = Date.now();
        const source = jobset.flake === '' ? `${jobset.nixexprinput}:${jobset.nixexprpath}` : jobset.flake;
        const fields = renderFields([
          ['jobset', `${jobset.project}:${jobset.name}`],
          ['description', jobset.description],
          ['type', nameOf(jobsetType, jobset.type)],
          ['source', source],
          ['state', nameOf(jobsetState, jobset.enabled)],
          ['check interval', jobset.checkinterval === 0 ? 'only when told' : `${jobset.checkinterval} s`],
          ['last checked', ago(jobset.lastcheckedtime, now)],
          ['evaluations kept', jobset.keepnr],
          ['shares', jobset.schedulingshares],
          ['import from derivation', jobset.allow_import_from_derivation],
        ]);
        const inputs = renderTable(
          ['input', 'type', 'value'],
          Object.values(jobset.inputs).map(({ name, type, value }) => [name, type, value]),
          'no inputs',
        );
        const errors = [jobset.fetcherrormsg, jobset.errormsg].filter((message) => message !== '');
        printResult(
          context,
          [...fields, '', ...inputs, ...errors.flatMap((error) => ['', error.trimEnd()])].join('\n'),
          {
            jobset,
          },
        );
        return 0;
      });
    });
};
