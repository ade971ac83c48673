/** `proteus cache token list CACHE`: its tokens, without their secrets. */

import { openCacheAdmin } from '../caches/open-cache-admin.ts';
import { ago } from '../client/ago.ts';
import { renderTable } from '../client/render-table.ts';
import { type StoreFlags, withStoreFlags } from '../client/works-on-server.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withStoreFlags(command.argument('<cache>', 'name of the cache'))
    .addHelpText('after', '\nExample:\n  proteus cache token list team\n')
    .action((name: string, flags: StoreFlags) => {
      run(async (context) => {
        await using caches = await openCacheAdmin(context, flags);
        const tokens = await caches.tokens(name);
        const now = Date.now();
        const seconds = (at: number | null): number | null => (at === null ? null : Math.floor(at / 1000));
        const rows = tokens.map((token) => [
          token.id,
          token.name,
          token.mayPush,
          ago(seconds(token.createdAt), now),
          ago(seconds(token.lastUsedAt), now),
          token.expiresAt === null ? 'never' : new Date(token.expiresAt).toISOString(),
        ]);
        const heading = ['token', 'name', 'may push', 'made', 'used', 'expires'];
        printResult(context, renderTable(heading, rows, 'no tokens').join('\n'), { tokens });
        return 0;
      });
    });
};
