/** `proteus user delete NAME`: takes a user away, with all tokens and sessions. */

import { AppError } from '../../util/app-error.ts';
import type { CommandModule } from '../command-module.ts';
import { say } from '../context.ts';
import {
  type DataFlags,
  openServerDatabase,
  serverSettings,
  withDataFlags,
} from '../server/server-settings.ts';

export const define: CommandModule['define'] = (command, run) => {
  withDataFlags(command.argument('<name>', 'name of the user'))
    .addHelpText(
      'after',
      `
A user who owns a project stays: give the project another owner first.

Example:
  proteus user delete bob
`,
    )
    .action((name: string, flags: DataFlags) => {
      run(async (context) => {
        await using database = await openServerDatabase(await serverSettings(context, flags));
        await database.transaction(async ({ users, projects }) => {
          if ((await users.find(name)) === undefined) {
            throw new AppError('user.unknown', `there is no user '${name}'`);
          }
          const owned = (await projects.list()).filter(({ owner }) => owner === name);
          if (owned.length > 0) {
            throw new AppError(
              'user.invalid',
              `'${name}' owns ${owned.map((project) => project.name).join(', ')}: give them another owner first`,
            );
          }
          await users.delete(name);
        });
        say(context, `deleted user \`${name}'`);
        return 0;
      });
    });
};
