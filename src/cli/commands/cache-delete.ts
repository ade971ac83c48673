/** `proteus cache delete NAME`: a cache with its paths, pins and tokens. */

import { mainCacheName } from '../../cache/caches/open-caches.ts';
import { AppError } from '../../util/app-error.ts';
import { findCache } from '../caches/cache-name.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { type DataFlags, openDatabaseOf, withDataFlags } from '../server/server-settings.ts';

export const define: CommandModule['define'] = (command, run) => {
  withDataFlags(command.argument('<name>', 'name of the cache'))
    .addHelpText(
      'after',
      `
Its files are deleted later, by whatever cleans the server's storage, unless another cache has them.

Example:
  proteus cache delete team
`,
    )
    .action((name: string, flags: DataFlags) => {
      run(async (context) => {
        if (name === mainCacheName) {
          throw new AppError(
            'cache.invalid',
            'the cache at the root is the server’s own and cannot be deleted',
          );
        }
        await using database = await openDatabaseOf(context, flags);
        const cache = await findCache(database, name);
        await database.caches.delete(cache.id);
        printResult(context, `deleted the cache ${name}`, { cache });
        return 0;
      });
    });
};
