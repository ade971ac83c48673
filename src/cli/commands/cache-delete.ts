/** `proteus cache delete NAME`: a cache with its paths, pins and tokens. */

import { openCacheAdmin } from '../caches/open-cache-admin.ts';
import { type StoreFlags, withStoreFlags } from '../client/works-on-server.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withStoreFlags(command.argument('<name>', 'name of the cache'))
    .addHelpText(
      'after',
      `
Its files are deleted later, by whatever cleans the server's storage, unless another cache has them.

Example:
  proteus cache delete team
`,
    )
    .action((name: string, flags: StoreFlags) => {
      run(async (context) => {
        await using caches = await openCacheAdmin(context, flags);
        const cache = await caches.delete(name);
        printResult(context, `deleted the cache ${name}`, { cache });
        return 0;
      });
    });
};
