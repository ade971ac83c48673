/** `proteus user create NAME`, also under the name of `hydra-create-user`: makes a user, or changes one. */

import type { CommandModule } from '../command-module.ts';
import { type CliContext, say } from '../context.ts';
import {
  type DataFlags,
  openServerDatabase,
  serverSettings,
  withDataFlags,
} from '../server/server-settings.ts';
import { promptPassword } from '../users/prompt-password.ts';
import { knownRoles } from '../users/roles.ts';
import { saveUser } from '../users/save-user.ts';
import { withUserFlags } from '../users/user-flags.ts';
import { type UserFlags, userRequest } from '../users/user-request.ts';

export const define: CommandModule['define'] = (command, run) => {
  withDataFlags(withUserFlags(command))
    .addHelpText(
      'after',
      `
Works on the database of the server, which need not run, and takes the flags of hydra-create-user. What is not given
stays as it is. Roles: ${knownRoles.join(', ')}.

Examples:
  proteus user create alice --full-name 'Alice Q. User' --password-prompt --role admin
  proteus user create bob --role restart-jobs --role bump-to-front
  proteus user create robert --rename-from bob
  proteus user create alice --wipe-roles --role eval-jobset --database postgres:///proteus
`,
    )
    .action((names: readonly string[], flags: UserFlags & DataFlags) => {
      run((context) => createUser(context, names, flags));
    });
};

async function createUser(
  context: CliContext,
  names: readonly string[],
  flags: UserFlags & DataFlags,
): Promise<number> {
  const { stdin, stderr, signal } = context;
  const request = userRequest(names, flags);
  if (flags.password !== undefined) {
    say(
      context,
      'warning: a password on the command line can be seen by others and is deprecated: use --password-prompt or --password-hash',
    );
  }
  for (const role of request.roles) {
    if (!knownRoles.includes(role)) say(context, `warning: the role '${role}' allows nothing here`);
  }
  await using database = await openServerDatabase(await serverSettings(context, flags));
  const { user } = await saveUser(request, {
    database,
    prompt: () => promptPassword({ input: stdin, output: stderr, signal }),
    say: (line) => say(context, line),
  });
  if (context.json) {
    const { passwordHash: _, ...shown } = user;
    context.stdout.write(`${JSON.stringify({ type: 'result', user: shown })}\n`);
  }
  return 0;
}
