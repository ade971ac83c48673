/** `proteus cache show NAME`: one cache, with its pins and tokens. */

import { cachePlace } from '../../cache/manage/cache-name.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import { openCacheAdmin } from '../caches/open-cache-admin.ts';
import { renderFields } from '../client/render-fields.ts';
import { renderTable } from '../client/render-table.ts';
import { type StoreFlags, withStoreFlags } from '../client/works-on-server.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withStoreFlags(command.argument('<name>', 'name of the cache'))
    .addHelpText('after', '\nExample:\n  proteus cache show team\n')
    .action((name: string, flags: StoreFlags) => {
      run(async (context) => {
        await using caches = await openCacheAdmin(context, flags);
        const { pins, tokens, paths, bytes, ...cache } = await caches.show(name);
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
