/** `proteus cache serve`: the local store as a signed binary cache, until interrupted. */

import { once } from 'node:events';
import { createExtras } from '../../cache/extras/create-extras.ts';
import { readKeyFile } from '../../cache/read-key-file.ts';
import { startCacheServer } from '../../cache/start-cache-server.ts';
import { trustLines } from '../../cache/trust-lines.ts';
import { parseListen } from '../../config/parse-listen.ts';
import { openStore } from '../../store/open-store.ts';
import { openStoreDatabase } from '../../store/store-database.ts';
import type { CommandModule } from '../command-module.ts';
import { type CliContext, say } from '../context.ts';
import { collect, integer } from '../network-options.ts';

interface Flags {
  readonly key?: readonly string[];
  readonly listen: string;
  readonly priority?: number;
}

export const define: CommandModule['define'] = (command, run) => {
  command
    .option('--key <file>', 'secret key that signs what is served; may be given more than once', collect)
    .option('--listen <address>', 'HOST:PORT to listen on; port 0 takes a free one', '127.0.0.1:5000')
    .option('--priority <n>', 'what nix-cache-info says; clients ask lower numbers first', integer)
    .addHelpText(
      'after',
      `
Example:
  proteus key generate cache.example.org-1 --secret cache.secret
  proteus cache serve --key cache.secret --listen 0.0.0.0:5000
`,
    )
    .action((flags: Flags) => {
      run((context) => serve(context, flags));
    });
};

async function serve(context: CliContext, flags: Flags): Promise<number> {
  const warn = (text: string): void => context.emit({ type: 'message', level: 'warning', text });
  const keys = await Promise.all((flags.key ?? []).map((file) => readKeyFile(file, warn)));
  const { host, port } = parseListen(flags.listen);
  await using store = await openStore({ type: 'local' }, { signal: context.signal });
  using database = await openStoreDatabase();
  await using server = await startCacheServer({
    store,
    database,
    keys,
    extras: createExtras({ database, keys }),
    host,
    port,
    ...(flags.priority === undefined ? {} : { priority: flags.priority }),
    onFault: (text) => warn(text),
  });
  say(context, `serving the store at ${server.url}`);
  for (const line of trustLines(
    server.url,
    keys.map((key) => key.publicKey),
  ))
    say(context, line);
  if (context.json) context.stdout.write(`${JSON.stringify({ type: 'cache.listening', url: server.url })}\n`);
  if (!context.signal.aborted) await once(context.signal, 'abort');
  return 0;
}
