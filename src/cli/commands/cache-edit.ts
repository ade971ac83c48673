/** `proteus cache edit NAME`: changes the settings of a cache. */

import { type CacheSettingFlags, cacheChange, withCacheSettings } from '../caches/cache-settings.ts';
import { openCacheAdmin } from '../caches/open-cache-admin.ts';
import { type StoreFlags, withStoreFlags } from '../client/works-on-server.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withStoreFlags(withCacheSettings(command.argument('<name>', 'name of the cache')))
    .addHelpText('after', "\nExample:\n  proteus cache edit team --quota '200 GiB' --public\n")
    .action((name: string, flags: CacheSettingFlags & StoreFlags) => {
      run(async (context) => {
        const change = cacheChange(flags);
        await using caches = await openCacheAdmin(context, flags);
        const cache = await caches.edit(name, change);
        printResult(context, `changed the cache ${name}`, { cache });
        return 0;
      });
    });
};
