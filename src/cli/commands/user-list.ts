/** `proteus user list`: who may sign in, and what they may do. */

import { renderTable } from '../client/render-table.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import {
  type DataFlags,
  openServerDatabase,
  serverSettings,
  withDataFlags,
} from '../server/server-settings.ts';

export const define: CommandModule['define'] = (command, run) => {
  withDataFlags(command)
    .addHelpText('after', '\nExample:\n  proteus user list --database postgres:///proteus\n')
    .action((flags: DataFlags) => {
      run(async (context) => {
        await using database = await openServerDatabase(await serverSettings(context, flags));
        const users = (await database.users.list()).map(({ passwordHash, ...user }) => ({
          ...user,
          hasPassword: passwordHash !== '!',
        }));
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
