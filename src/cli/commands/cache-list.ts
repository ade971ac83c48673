/** `proteus cache list`: the caches of the server. */

import { formatBytes } from '../../util/format-bytes.ts';
import { cachePlace } from '../caches/cache-name.ts';
import { renderTable } from '../client/render-table.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { type DataFlags, openDatabaseOf, withDataFlags } from '../server/server-settings.ts';

export const define: CommandModule['define'] = (command, run) => {
  withDataFlags(command)
    .addHelpText(
      'after',
      `
The cache at the root serves the store of the server, too; counted are the paths that it keeps for good.

Example:
  proteus cache list
`,
    )
    .action((flags: DataFlags) => {
      run(async (context) => {
        await using database = await openDatabaseOf(context, flags);
        const caches = await Promise.all(
          (await database.caches.list()).map(async (cache) => ({
            ...cache,
            place: cachePlace(cache.name),
            paths: await database.cachePaths.count(cache.id),
            bytes: await database.cacheUploads.bytes(cache.id),
          })),
        );
        const rows = caches.map((cache) => [
          cache.name,
          cache.place,
          cache.paths,
          formatBytes(cache.bytes),
          cache.quota === null ? 'none' : formatBytes(cache.quota),
          cache.isPrivate,
          cache.keys.join(' ') || 'all',
        ]);
        const heading = ['name', 'at', 'paths', 'size', 'quota', 'private', 'keys'];
        printResult(context, renderTable(heading, rows, 'no caches').join('\n'), { caches });
        return 0;
      });
    });
};
