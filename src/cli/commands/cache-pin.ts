/** `proteus cache pin CACHE NAME PATH`: keeps a path, with all that it refers to, whatever else goes. */

import { parseStorePath, storePathHash } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import { findCache } from '../caches/cache-name.ts';
import { expiryOf } from '../caches/expiry-of.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { type DataFlags, openDatabaseOf, withDataFlags } from '../server/server-settings.ts';

export const define: CommandModule['define'] = (command, run) => {
  withDataFlags(
    command
      .argument('<cache>', 'name of the cache')
      .argument('<name>', 'of the pin; one of that name is replaced')
      .argument('<path>', 'a store path that the cache has'),
  )
    .option('--expires <time>', 'how long it holds, e.g. "90 d" (default: until it is removed)')
    .addHelpText('after', '\nExample:\n  proteus cache pin team release-1.2 /nix/store/…-release-1.2\n')
    .action(
      (cacheName: string, name: string, text: string, flags: DataFlags & { readonly expires?: string }) => {
        run(async (context) => {
          const path = parseStorePath(text);
          const now = Date.now();
          const expiresAt = expiryOf(flags.expires, now);
          await using database = await openDatabaseOf(context, flags);
          const cache = await findCache(database, cacheName);
          const known = await database.cachePaths.get(cache.id, storePathHash(path));
          if (known?.path !== path) {
            throw new AppError('cache.invalid', `the cache ${cacheName} does not have ${path}`, {
              hint: 'Upload it first: `proteus cache push`.',
            });
          }
          const pin = { cacheId: cache.id, name, path, createdAt: now, expiresAt };
          await database.caches.setPin(pin);
          printResult(context, `pinned ${path} in the cache ${cacheName} as ${name}`, { pin });
          return 0;
        });
      },
    );
};
