/** `proteus cache edit NAME`: changes the settings of a cache. */

import { mainCacheName } from '../../cache/caches/open-caches.ts';
import { AppError } from '../../util/app-error.ts';
import { findCache } from '../caches/cache-name.ts';
import { type CacheSettingFlags, cacheSettings, withCacheSettings } from '../caches/cache-settings.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { type DataFlags, openDatabaseOf, withDataFlags } from '../server/server-settings.ts';

export const define: CommandModule['define'] = (command, run) => {
  withDataFlags(withCacheSettings(command.argument('<name>', 'name of the cache')))
    .addHelpText('after', "\nExample:\n  proteus cache edit team --quota '200 GiB' --public\n")
    .action((name: string, flags: CacheSettingFlags & DataFlags) => {
      run(async (context) => {
        const { quota, config: _c, dataDirectory: _d, database: _b, ...rest } = flags;
        if (name === mainCacheName && Object.values(rest).some((value) => value !== undefined)) {
          throw new AppError(
            'cache.invalid',
            'of the cache at the root only --quota is set here: the configuration has private, priority and keys',
          );
        }
        await using database = await openDatabaseOf(context, flags);
        const cache = await findCache(database, name);
        const settings = cacheSettings({ ...rest, quota }, cache);
        await database.caches.update(cache.id, settings);
        printResult(context, `changed the cache ${name}`, { cache: { ...cache, ...settings } });
        return 0;
      });
    });
};
