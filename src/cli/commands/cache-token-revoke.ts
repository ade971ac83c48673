/** `proteus cache token revoke CACHE ID`: takes a token back. */

import { openCacheAdmin } from '../caches/open-cache-admin.ts';
import { type StoreFlags, withStoreFlags } from '../client/works-on-server.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { integer } from '../network-options.ts';

export const define: CommandModule['define'] = (command, run) => {
  withStoreFlags(
    command
      .argument('<cache>', 'name of the cache')
      .argument('<id>', 'number of the token: see `proteus cache token list`', integer),
  )
    .addHelpText(
      'after',
      '\nA server that runs knows it no more a few seconds later.\n\nExample:\n  proteus cache token revoke team 3\n',
    )
    .action((name: string, id: number, flags: StoreFlags) => {
      run(async (context) => {
        await using caches = await openCacheAdmin(context, flags);
        await caches.revokeToken(name, id);
        printResult(context, `took back token ${id} of the cache ${name}`, { cache: name, token: id });
        return 0;
      });
    });
};
