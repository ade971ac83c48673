/** `proteus cache show NAME`: one cache, with its pins and tokens. */

import { formatBytes } from '../../util/format-bytes.ts';
import { cachePlace, findCache } from '../caches/cache-name.ts';
import { renderFields } from '../client/render-fields.ts';
import { renderTable } from '../client/render-table.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { type DataFlags, openDatabaseOf, withDataFlags } from '../server/server-settings.ts';

export const define: CommandModule['define'] = (command, run) => {
  withDataFlags(command.argument('<name>', 'name of the cache'))
    .addHelpText('after', '\nExample:\n  proteus cache show team\n')
    .action((name: string, flags: DataFlags) => {
      run(async (context) => {
        await using database = await openDatabaseOf(context, flags);
        const cache = await findCache(database, name);
        const paths = await database.cachePaths.count(cache.id);
        const bytes = await database.cacheUploads.bytes(cache.id);
        const pins = await database.caches.pins(cache.id);
        const tokens = await database.cacheTokens.list(cache.id);
        const fields = renderFields([
          ['at', cachePlace(name)],
          ['paths', paths],
          ['size', formatBytes(bytes)],
          ['quota', cache.quota === null ? 'none' : formatBytes(cache.quota)],
          ['private', cache.isPrivate],
          ['priority', cache.priority],
          ['keys', cache.keys.join(' ') || 'all of the server'],
          ['tokens', tokens.length],
        ]);
        const when = (at: number | null): string => (at === null ? 'never' : new Date(at).toISOString());
        const pinned = pins.map((pin) => [pin.name, pin.path, when(pin.expiresAt)]);
        const lines = [...fields, '', ...renderTable(['pin', 'path', 'expires'], pinned, 'no pins')];
        printResult(context, lines.join('\n'), { cache, paths, bytes, pins, tokens });
        return 0;
      });
    });
};
