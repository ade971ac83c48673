/** `proteus host list`: the hosts that a server rolled out to. */

import { ago } from '../client/ago.ts';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { renderTable } from '../client/render-table.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { listHosts } from '../fleet/list-hosts.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command.argument('[project]', 'only hosts of this project'))
    .addHelpText('after', '\nExample:\n  proteus host list fleet\n')
    .action((project: string | undefined, flags: ServerFlags) => {
      run(async (context) => {
        const client = await connectToServer(context, flags);
        const hosts = await listHosts(client, project);
        const now = Date.now();
        const rows = hosts.map((one) => [
          `${one.project}/${one.name}`,
          one.claimedBy ?? (one.cordonedBy === null ? 'ready' : 'cordoned'),
          one.system,
          one.systemAt === null ? null : ago(Math.floor(one.systemAt / 1000), now),
          one.lastRollout,
          one.cordonReason,
        ]);
        const heading = ['host', 'state', 'system', 'since', 'last rollout', 'why cordoned'];
        printResult(context, renderTable(heading, rows, 'no hosts').join('\n'), { hosts });
        return 0;
      });
    });
};
