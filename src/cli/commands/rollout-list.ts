/** `proteus rollout list`: rollouts of this command line, newest first. */

import { ago } from '../client/ago.ts';
import { renderTable } from '../client/render-table.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { listJournals } from '../rollouts/list-journals.ts';
import { rolloutsFolder } from '../rollouts/rollouts-folder.ts';

export const define: CommandModule['define'] = (command, run) => {
  command.addHelpText('after', '\nExample:\n  proteus rollout list\n').action(() => {
    run(async (context) => {
      const listed = await listJournals(rolloutsFolder(context.env));
      const now = Date.now();
      const rows = [
        ...listed.rollouts.map(({ id, plannedAt, by, why, action, hosts, state }) => {
          const done = hosts.filter(({ outcome }) => outcome !== undefined).length;
          return [
            id,
            ago(Math.floor(plannedAt / 1000), now),
            action,
            `${done}/${hosts.length}`,
            state,
            by,
            why,
          ];
        }),
        ...listed.unreadable.map(({ id }) => [id, '', '', '', 'unreadable', '', '']),
      ];
      const heading = ['rollout', 'begun', 'action', 'hosts', 'state', 'by', 'why'];
      printResult(context, renderTable(heading, rows, 'no rollouts').join('\n'), { ...listed });
      return 0;
    });
  });
};
