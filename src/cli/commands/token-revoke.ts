/** `proteus token revoke ID`: takes a token back. */

import { z } from 'zod';
import { AppError } from '../../util/app-error.ts';
import { parseId } from '../client/parse-id.ts';
import { type TokenFlags, tokenOwner, withTokenFlags } from '../client/token-flags.ts';
import type { CommandModule } from '../command-module.ts';
import { say } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withTokenFlags(command.argument('<id>', 'number of the token, as token list shows it', parseId))
    .addHelpText('after', '\nExample:\n  proteus token revoke 3 --user alice\n')
    .action((id: number, flags: TokenFlags) => {
      run(async (context) => {
        await using owner = await tokenOwner(context, flags);
        if (owner.where === 'server') {
          await owner.client.send('DELETE', `/api/v1/tokens/${id}`, undefined, z.undefined());
        } else if (!(await owner.users.deleteToken(owner.user, id))) {
          throw new AppError('api.not-found', `${owner.user} has no token ${id}`);
        }
        say(context, `token ${id} is no good any more`);
        return 0;
      });
    });
};
