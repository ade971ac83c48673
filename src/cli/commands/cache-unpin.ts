/** `proteus cache unpin CACHE NAME`: removes a pin. */

import { AppError } from '../../util/app-error.ts';
import { findCache } from '../caches/cache-name.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { type DataFlags, openDatabaseOf, withDataFlags } from '../server/server-settings.ts';

export const define: CommandModule['define'] = (command, run) => {
  withDataFlags(command.argument('<cache>', 'name of the cache').argument('<name>', 'name of the pin'))
    .addHelpText('after', '\nExample:\n  proteus cache unpin team release-1.1\n')
    .action((cacheName: string, name: string, flags: DataFlags) => {
      run(async (context) => {
        await using database = await openDatabaseOf(context, flags);
        const cache = await findCache(database, cacheName);
        if (!(await database.caches.removePin(cache.id, name))) {
          throw new AppError('cache.invalid', `the cache ${cacheName} has no pin '${name}'`);
        }
        printResult(context, `removed the pin ${name} of the cache ${cacheName}`, {
          cache: cacheName,
          pin: name,
        });
        return 0;
      });
    });
};
