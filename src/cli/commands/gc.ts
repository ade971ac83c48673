/** `proteus gc`: lets go what no jobset, pin or running build keeps, so that Nix's garbage collector may have it. */

import { retentionPlan } from '../../api/v1/schemas/server.ts';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { renderTable } from '../client/render-table.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command)
    .option('--dry-run', 'only say what would go, and why')
    .addHelpText(
      'after',
      `
The server does this by itself once a day and after evaluations. Store paths are deleted by nix-collect-garbage, which
this does not run.

Example:
  proteus gc --dry-run
`,
    )
    .action((flags: ServerFlags & { readonly dryRun?: boolean }) => {
      run(async (context) => {
        const client = await connectToServer(context, flags);
        const path = '/api/v1/retention?limit=1000';
        const { kept, removed } = flags.dryRun
          ? await client.get(path, retentionPlan)
          : await client.send('POST', path, undefined, retentionPlan);
        const verb = flags.dryRun ? 'would be let go' : 'let go';
        const table = renderTable(
          ['path', 'why'],
          removed.items.map(({ path, why }) => [path, why]),
          'nothing to let go',
        );
        const more =
          removed.total > removed.items.length ? [`and ${removed.total - removed.items.length} more`] : [];
        printResult(context, [...table, ...more, `${kept} kept, ${removed.total} ${verb}`].join('\n'), {
          kept,
          removed: removed.items,
          total: removed.total,
          dryRun: flags.dryRun === true,
        });
        return 0;
      });
    });
};
