/** `proteus rollout list`: rollouts of this command line, and those of a server where there is one; newest first. */

import { pageOf } from '../../api/v1/schemas/paging.ts';
import { rollout } from '../../api/v1/schemas/rollout.ts';
import { ago } from '../client/ago.ts';
import { type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { renderTable } from '../client/render-table.ts';
import type { CommandModule } from '../command-module.ts';
import { type CliContext, printResult } from '../context.ts';
import { isNamed, serverIfAny } from '../fleet/find-rollout.ts';
import { renderRollouts } from '../fleet/render-rollout.ts';
import { listJournals } from '../rollouts/list-journals.ts';
import { rolloutsFolder } from '../rollouts/rollouts-folder.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command)
    .addHelpText(
      'after',
      `
Those that this command line executed, and those of the server that runs on this machine. With --server or PROTEUS_SERVER
only those of that server.

Examples:
  proteus rollout list
  proteus rollout list --server https://ci.example.org
`,
    )
    .action((flags: ServerFlags) => {
      run(async (context) => {
        const client = await serverIfAny(context, flags);
        const page = await client?.get('/api/v1/rollouts?limit=100', pageOf(rollout));
        const onServer = page === undefined ? [] : renderRollouts(page.items, Date.now());
        if (isNamed(context, flags)) {
          printResult(context, onServer.join('\n'), { server: page?.items ?? [] });
          return 0;
        }
        const { lines, listed } = await here(context);
        const both = page === undefined || page.items.length === 0 ? lines : [...lines, '', ...onServer];
        printResult(context, both.join('\n'), { ...listed, server: page?.items ?? [] });
        return 0;
      });
    });
};

async function here(context: CliContext) {
  const listed = await listJournals(rolloutsFolder(context.env));
  const now = Date.now();
  const rows = [
    ...listed.rollouts.map(({ id, plannedAt, by, why, action, hosts, state }) => {
      const done = hosts.filter(({ outcome }) => outcome !== undefined).length;
      return [id, ago(Math.floor(plannedAt / 1000), now), action, `${done}/${hosts.length}`, state, by, why];
    }),
    ...listed.unreadable.map(({ id }) => [id, '', '', '', 'unreadable', '', '']),
  ];
  const heading = ['rollout', 'begun', 'action', 'hosts', 'state', 'by', 'why'];
  return { lines: renderTable(heading, rows, 'no rollouts'), listed };
}
