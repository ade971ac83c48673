/** `proteus cache unpin CACHE NAME`: removes a pin. */

import { openCacheAdmin } from '../caches/open-cache-admin.ts';
import { type StoreFlags, withStoreFlags } from '../client/works-on-server.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withStoreFlags(command.argument('<cache>', 'name of the cache').argument('<name>', 'name of the pin'))
    .addHelpText('after', '\nExample:\n  proteus cache unpin team release-1.1\n')
    .action((cacheName: string, name: string, flags: StoreFlags) => {
      run(async (context) => {
        await using caches = await openCacheAdmin(context, flags);
        await caches.unpin(cacheName, name);
        printResult(context, `removed the pin ${name} of the cache ${cacheName}`, {
          cache: cacheName,
          pin: name,
        });
        return 0;
      });
    });
};
