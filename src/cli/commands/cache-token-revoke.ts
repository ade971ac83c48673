/** `proteus cache token revoke CACHE ID`: takes a token back. */

import { AppError } from '../../util/app-error.ts';
import { findCache } from '../caches/cache-name.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { integer } from '../network-options.ts';
import { type DataFlags, openDatabaseOf, withDataFlags } from '../server/server-settings.ts';

export const define: CommandModule['define'] = (command, run) => {
  withDataFlags(
    command
      .argument('<cache>', 'name of the cache')
      .argument('<id>', 'number of the token: see `proteus cache token list`', integer),
  )
    .addHelpText(
      'after',
      '\nA server that runs knows it no more a few seconds later.\n\nExample:\n  proteus cache token revoke team 3\n',
    )
    .action((name: string, id: number, flags: DataFlags) => {
      run(async (context) => {
        await using database = await openDatabaseOf(context, flags);
        const cache = await findCache(database, name);
        if (!(await database.cacheTokens.delete(cache.id, id))) {
          throw new AppError('cache.invalid', `the cache ${name} has no token ${id}`);
        }
        printResult(context, `took back token ${id} of the cache ${name}`, { cache: name, token: id });
        return 0;
      });
    });
};
