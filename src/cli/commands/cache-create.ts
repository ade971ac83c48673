/** `proteus cache create NAME`: another cache of the server, under `/c/NAME`. */

import { cachePlace } from '../../cache/manage/cache-name.ts';
import { type CacheSettingFlags, cacheChange, withCacheSettings } from '../caches/cache-settings.ts';
import { openCacheAdmin } from '../caches/open-cache-admin.ts';
import { type StoreFlags, withStoreFlags } from '../client/works-on-server.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withStoreFlags(withCacheSettings(command.argument('<name>', 'stands in its URL: /c/<name>')))
    .addHelpText(
      'after',
      `
Works on the database of the server, which need not run, or with --server on one that does, which has the cache a few
seconds later and wants an administrator's token. What is
pushed to a cache is signed with the keys of the server, or those of them that --key names: give caches that different
people may push to keys of their own.

Examples:
  proteus cache create team --private --quota '100 GiB'
  proteus cache create public --key cache.example.org-1 --priority 41
  proteus cache create team --server https://ci.example.org --token-file ~/.config/proteus-token
`,
    )
    .action((name: string, flags: CacheSettingFlags & StoreFlags) => {
      run(async (context) => {
        const change = cacheChange(flags);
        await using caches = await openCacheAdmin(context, flags);
        const cache = await caches.create(name, change);
        printResult(context, `made the cache ${name}, at ${cachePlace(name)} of the server`, { cache });
        return 0;
      });
    });
};
