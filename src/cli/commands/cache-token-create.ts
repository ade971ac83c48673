/** `proteus cache token create CACHE NAME`: a token for reading a cache, or for pushing to it. */

import { expiryOf } from '../caches/expiry-of.ts';
import { openCacheAdmin } from '../caches/open-cache-admin.ts';
import { type StoreFlags, withStoreFlags } from '../client/works-on-server.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult, say } from '../context.ts';

interface Flags extends StoreFlags {
  readonly push?: boolean;
  readonly expires?: string;
}

export const define: CommandModule['define'] = (command, run) => {
  withStoreFlags(
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
        const expiresAt = expiryOf(flags.expires, Date.now());
        await using caches = await openCacheAdmin(context, flags);
        const wanted = { name, mayPush: flags.push === true, expiresAt };
        const { token, secret } = await caches.createToken(cacheName, wanted);
        say(context, `token ${token.id} of the cache ${cacheName}, '${name}':`);
        printResult(context, secret, { token, secret });
        return 0;
      });
    });
};
