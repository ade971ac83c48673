/** `proteus cache list`: the caches of the server. */

import { cachePlace } from '../../cache/manage/cache-name.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import { openCacheAdmin } from '../caches/open-cache-admin.ts';
import { renderTable } from '../client/render-table.ts';
import { type StoreFlags, withStoreFlags } from '../client/works-on-server.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withStoreFlags(command)
    .addHelpText(
      'after',
      `
The cache at the root serves the store of the server, too; counted are the paths that it keeps for good.

Example:
  proteus cache list
`,
    )
    .action((flags: StoreFlags) => {
      run(async (context) => {
        await using caches = await openCacheAdmin(context, flags);
        const all = (await caches.list()).map((cache) => ({ ...cache, place: cachePlace(cache.name) }));
        const rows = all.map((cache) => [
          cache.name,
          cache.place,
          cache.paths,
          formatBytes(cache.bytes),
          cache.quota === null ? 'none' : formatBytes(cache.quota),
          cache.isPrivate,
          cache.keys.join(' ') || 'all',
        ]);
        const heading = ['name', 'at', 'paths', 'size', 'quota', 'private', 'keys'];
        printResult(context, renderTable(heading, rows, 'no caches').join('\n'), { caches: all });
        return 0;
      });
    });
};
