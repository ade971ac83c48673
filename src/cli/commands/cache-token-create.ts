/** `proteus cache token create CACHE NAME`: a token for reading a cache, or for pushing to it. */

import { hashCacheToken, newCacheToken } from '../../cache/access/cache-token.ts';
import { findCache } from '../caches/cache-name.ts';
import { expiryOf } from '../caches/expiry-of.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult, say } from '../context.ts';
import { type DataFlags, openDatabaseOf, withDataFlags } from '../server/server-settings.ts';

interface Flags extends DataFlags {
  readonly push?: boolean;
  readonly expires?: string;
}

export const define: CommandModule['define'] = (command, run) => {
  withDataFlags(
    command
      .argument('<cache>', 'name of the cache; main is the one at the root')
      .argument('<name>', 'what it is for, for people'),
  )
    .option('--push', 'it may upload, too')
    .option('--expires <time>', 'how long it is good, e.g. "90 d" (default: for ever)')
    .addHelpText(
      'after',
      `
The token is the one line on standard output. It is shown this once and kept nowhere. Nix takes it from a netrc file, as
password with any login: machine ci.example.org login x password TOKEN

Examples:
  proteus cache token create team laptop > reader.token
  proteus cache token create team ci --push --expires '90 d' > team.token
`,
    )
    .action((cacheName: string, name: string, flags: Flags) => {
      run(async (context) => {
        const now = Date.now();
        const expiresAt = expiryOf(flags.expires, now);
        await using database = await openDatabaseOf(context, flags);
        const cache = await findCache(database, cacheName);
        const secret = newCacheToken();
        const token = await database.cacheTokens.create({
          cacheId: cache.id,
          hash: hashCacheToken(secret),
          name,
          mayPush: flags.push === true,
          createdAt: now,
          expiresAt,
        });
        say(context, `token ${token.id} of the cache ${cache.name}, '${name}':`);
        printResult(context, secret, { token, secret });
        return 0;
      });
    });
};
