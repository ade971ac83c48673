/** `proteus token list`: a user's tokens, without their secrets. */

import { pageOf } from '../../api/v1/schemas/paging.ts';
import { token } from '../../api/v1/schemas/token.ts';
import { ago } from '../client/ago.ts';
import { renderTable } from '../client/render-table.ts';
import { type TokenFlags, tokenOwner, withTokenFlags } from '../client/token-flags.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withTokenFlags(command)
    .addHelpText('after', '\nExamples:\n  proteus token list\n  proteus token list --user alice\n')
    .action((flags: TokenFlags) => {
      run(async (context) => {
        await using owner = await tokenOwner(context, flags);
        const tokens =
          owner.where === 'server'
            ? (await owner.client.get('/api/v1/tokens?limit=1000', pageOf(token))).items
            : await owner.users.tokens(owner.user);
        const now = Date.now();
        const seconds = (at: number | null): number | null => (at === null ? null : Math.floor(at / 1000));
        const rows = tokens.map(({ id, name, createdAt, lastUsedAt, expiresAt }) => [
          id,
          name,
          ago(seconds(createdAt), now),
          ago(seconds(lastUsedAt), now),
          expiresAt === null ? 'never' : new Date(expiresAt).toISOString(),
        ]);
        const heading = ['token', 'name', 'made', 'used', 'expires'];
        printResult(context, renderTable(heading, rows, 'no tokens').join('\n'), { tokens });
        return 0;
      });
    });
};
