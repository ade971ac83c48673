/** `proteus cache create NAME`: another cache of the server, under `/c/NAME`. */

import { cachePlace, checkCacheName } from '../caches/cache-name.ts';
import { type CacheSettingFlags, cacheSettings, withCacheSettings } from '../caches/cache-settings.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { type DataFlags, openDatabaseOf, withDataFlags } from '../server/server-settings.ts';

export const define: CommandModule['define'] = (command, run) => {
  withDataFlags(withCacheSettings(command.argument('<name>', 'stands in its URL: /c/<name>')))
    .addHelpText(
      'after',
      `
Works on the database of the server, which need not run; a server that runs has the cache a few seconds later. What is
pushed to a cache is signed with the keys of the server, or those of them that --key names: give caches that different
people may push to keys of their own.

Examples:
  proteus cache create team --private --quota '100 GiB'
  proteus cache create public --key cache.example.org-1 --priority 41
`,
    )
    .action((name: string, flags: CacheSettingFlags & DataFlags) => {
      run(async (context) => {
        checkCacheName(name);
        const settings = cacheSettings(flags, { isPrivate: false, priority: 40, quota: null, keys: [] });
        await using database = await openDatabaseOf(context, flags);
        const cache = await database.caches.create({ name, ...settings, createdAt: Date.now() });
        printResult(context, `made the cache ${name}, at ${cachePlace(name)} of the server`, { cache });
        return 0;
      });
    });
};
