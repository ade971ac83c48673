/** `proteus user list`: who may sign in, and what they may do. */

import { renderTable } from '../client/render-table.ts';
import { type StoreFlags, withStoreFlags } from '../client/works-on-server.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { openUserStore } from '../users/user-store.ts';

export const define: CommandModule['define'] = (command, run) => {
  withStoreFlags(command)
    .addHelpText('after', '\nExample:\n  proteus user list --server https://ci.example.org\n')
    .action((flags: StoreFlags) => {
      run(async (context) => {
        await using store = await openUserStore(context, flags);
        const users = await store.list();
        const rows = users.map((user) => [
          user.name,
          user.fullName,
          user.email,
          user.hasPassword,
          user.roles.join(' '),
        ]);
        const heading = ['name', 'full name', 'e-mail', 'password', 'roles'];
        printResult(context, renderTable(heading, rows, 'no users: proteus user create NAME').join('\n'), {
          users,
        });
        return 0;
      });
    });
};
