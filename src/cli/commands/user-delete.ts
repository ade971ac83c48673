/** `proteus user delete NAME`: takes a user away, with all tokens and sessions. */

import { type StoreFlags, withStoreFlags } from '../client/works-on-server.ts';
import type { CommandModule } from '../command-module.ts';
import { say } from '../context.ts';
import { openUserStore } from '../users/user-store.ts';

export const define: CommandModule['define'] = (command, run) => {
  withStoreFlags(command.argument('<name>', 'name of the user'))
    .addHelpText(
      'after',
      `
A user who owns a project stays: give the project another owner first.

Example:
  proteus user delete bob
  proteus user delete bob --server https://ci.example.org --token-file ~/.config/proteus-token
`,
    )
    .action((name: string, flags: StoreFlags) => {
      run(async (context) => {
        await using store = await openUserStore(context, flags);
        await store.delete(name);
        say(context, `deleted user \`${name}'`);
        return 0;
      });
    });
};
