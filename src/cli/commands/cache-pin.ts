/** `proteus cache pin CACHE NAME PATH`: keeps a path, with all that it refers to, whatever else goes. */

import { parseStorePath } from '../../nix/store-path.ts';
import { expiryOf } from '../caches/expiry-of.ts';
import { openCacheAdmin } from '../caches/open-cache-admin.ts';
import { type StoreFlags, withStoreFlags } from '../client/works-on-server.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withStoreFlags(
    command
      .argument('<cache>', 'name of the cache')
      .argument('<name>', 'of the pin; one of that name is replaced')
      .argument('<path>', 'a store path that the cache has'),
  )
    .option('--expires <time>', 'how long it holds, e.g. "90 d" (default: until it is removed)')
    .addHelpText('after', '\nExample:\n  proteus cache pin team release-1.2 /nix/store/…-release-1.2\n')
    .action(
      (cacheName: string, name: string, text: string, flags: StoreFlags & { readonly expires?: string }) => {
        run(async (context) => {
          const path = parseStorePath(text);
          const expiresAt = expiryOf(flags.expires, Date.now());
          await using caches = await openCacheAdmin(context, flags);
          const pin = await caches.pin(cacheName, { name, path, expiresAt });
          printResult(context, `pinned ${path} in the cache ${cacheName} as ${name}`, { pin });
          return 0;
        });
      },
    );
};
