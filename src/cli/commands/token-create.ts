/** `proteus token create NAME`: a token for programs, which may do what its user may. */

import { newTokenReply } from '../../api/v1/schemas/token.ts';
import { createAccess } from '../../ci/access/create-access.ts';
import { parseSeconds } from '../../config/parse-seconds.ts';
import { AppError } from '../../util/app-error.ts';
import { type TokenFlags, tokenOwner, withTokenFlags } from '../client/token-flags.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult, say } from '../context.ts';

interface Flags extends TokenFlags {
  readonly expires?: string;
}

export const define: CommandModule['define'] = (command, run) => {
  withTokenFlags(command.argument('<name>', 'what it is for, for people'))
    .option('--expires <time>', 'how long it is good, e.g. "90 d" (default: for ever)')
    .addHelpText(
      'after',
      `
The token is the one line on standard output. It is shown this once and kept nowhere.

Examples:
  proteus token create laptop > ~/.config/proteus-token
  proteus token create deploys --user alice --expires '90 d'      # on the server's machine, for any user
`,
    )
    .action((name: string, flags: Flags) => {
      run(async (context) => {
        const expiresAt = flags.expires === undefined ? null : Date.now() + lifetime(flags.expires);
        await using owner = await tokenOwner(context, flags);
        const { token, secret } =
          owner.where === 'server'
            ? await owner.client.send('POST', '/api/v1/tokens', { name, expiresAt }, newTokenReply)
            : await createAccess({ users: owner.users, now: Date.now }).createToken(owner.user, {
                name,
                expiresAt,
              });
        say(context, `token ${token.id} of ${token.user}, '${token.name}':`);
        printResult(context, secret, { token, secret });
        return 0;
      });
    });
};

function lifetime(text: string): number {
  try {
    return parseSeconds(text) * 1000;
  } catch {
    throw new AppError('usage.invalid', `--expires wants a time such as "90 d" or "12 h"; got '${text}'`);
  }
}
