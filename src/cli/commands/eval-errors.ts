/** `proteus eval errors ID`: the jobs of an evaluation that do not evaluate, with file, line and trace. */

import { jobError } from '../../api/v1/schemas/evaluation.ts';
import { pageOf } from '../../api/v1/schemas/paging.ts';
import { printable } from '../../util/printable.ts';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { parseId } from '../client/parse-id.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command.argument('<id>', 'number of the evaluation', parseId))
    .addHelpText(
      'after',
      '\nThe exit code is 1 when there are errors.\n\nExample:\n  proteus eval errors 42\n',
    )
    .action((id: number, flags: ServerFlags) => {
      run(async (context) => {
        const client = await connectToServer(context, flags);
        const { items, total } = await client.get(
          `/api/v1/evaluations/${id}/errors?limit=1000`,
          pageOf(jobError),
        );
        const texts = items.map(({ job, file, line, message, trace }) => {
          const place = file === null ? '' : ` at ${file}${line === null ? '' : `:${line}`}`;
          const lines = (trace === '' ? message : trace).trimEnd().split('\n');
          return [`${job}${place}:`, ...lines.map((text) => `  ${printable(text)}`)].join('\n');
        });
        if (total > items.length) texts.push(`and ${total - items.length} more`);
        printResult(context, texts.length === 0 ? 'every job evaluates' : texts.join('\n\n'), {
          errors: items,
          total,
        });
        return total === 0 ? 0 : 1;
      });
    });
};
