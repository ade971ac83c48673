/** `proteus user create NAME`, also under the name of `hydra-create-user`: makes a user, or changes one. */

import { hashPassword } from '../../ci/access/password-hash.ts';
import { type StoreFlags, withStoreFlags } from '../client/works-on-server.ts';
import type { CommandModule } from '../command-module.ts';
import { type CliContext, say } from '../context.ts';
import { promptPassword } from '../users/prompt-password.ts';
import { knownRoles } from '../users/roles.ts';
import { withUserFlags } from '../users/user-flags.ts';
import { type UserFlags, userRequest, type WantedPassword } from '../users/user-request.ts';
import { openUserStore } from '../users/user-store.ts';

export const define: CommandModule['define'] = (command, run) => {
  withStoreFlags(withUserFlags(command))
    .addHelpText(
      'after',
      `
Works on the database of a server on this machine, which need not run; with --server, or PROTEUS_SERVER and none of
--data-directory, --database and --config, on a server anywhere, with the token of an administrator. Passwords are hashed here.
Takes the flags of hydra-create-user. What is not given stays as it is. Roles: ${knownRoles.join(', ')}.

Examples:
  proteus user create alice --full-name 'Alice Q. User' --password-prompt --role admin
  proteus user create bob --role restart-jobs --role bump-to-front
  proteus user create carol --password-prompt --server https://ci.example.org --token-file ~/.config/proteus-token
  proteus user create robert --rename-from bob
  proteus user create alice --wipe-roles --role eval-jobset --database postgres:///proteus
`,
    )
    .action((names: readonly string[], flags: UserFlags & StoreFlags) => {
      run((context) => createUser(context, names, flags));
    });
};

async function createUser(
  context: CliContext,
  names: readonly string[],
  flags: UserFlags & StoreFlags,
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
  await using store = await openUserStore(context, flags);
  const { password, ...change } = request;
  const prompt = () => promptPassword({ input: stdin, output: stderr, signal });
  const { user, done } = await store.save({ ...change, passwordHash: await hashOf(password, prompt) });
  const { name, renameFrom = '' } = request;
  const sayings = {
    made: `creating new user \`${name}'`,
    changed: `updating existing user \`${name}'`,
    renamed: `renaming user \`${renameFrom}' to \`${name}'`,
  };
  say(context, sayings[done]);
  if (context.json) context.stdout.write(`${JSON.stringify({ type: 'result', user })}\n`);
  return 0;
}

async function hashOf(password: WantedPassword, prompt: () => Promise<string>): Promise<string | undefined> {
  switch (password.type) {
    case 'unchanged':
      return undefined;
    case 'none':
      return '!';
    case 'hash':
      return password.hash;
    case 'plain':
      return hashPassword(password.password);
    case 'prompt':
      return hashPassword(await prompt());
  }
}
