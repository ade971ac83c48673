/** `proteus cache serve`: the local store as a signed binary cache, until interrupted. */

import { once } from 'node:events';
import { InvalidArgumentError } from 'commander';
import { checkKeys } from '../../cache/check-keys.ts';
import { readKeyFile } from '../../cache/read-key-file.ts';
import { type CacheServerOptions, startCacheServer } from '../../cache/start-cache-server.ts';
import { trustLines } from '../../cache/trust-lines.ts';
import { canReusePort } from '../../cache/workers/can-reuse-port.ts';
import { forkWorker } from '../../cache/workers/fork-worker.ts';
import { startCacheWorkers } from '../../cache/workers/start-cache-workers.ts';
import { parseListen } from '../../config/parse-listen.ts';
import { printSecretKey } from '../../nix/signing-key.ts';
import { openStore } from '../../store/open-store.ts';
import { openStoreDatabase } from '../../store/store-database.ts';
import { pause } from '../../util/pause.ts';
import type { CommandModule } from '../command-module.ts';
import { type CliContext, say } from '../context.ts';
import { collect, integer } from '../network-options.ts';

interface Flags {
  readonly key?: readonly string[];
  readonly listen: string;
  readonly priority?: number;
  readonly workers: number;
}

export const define: CommandModule['define'] = (command, run) => {
  command
    .option('--key <file>', 'secret key that signs what is served; may be given more than once', collect)
    .option('--listen <address>', 'HOST:PORT to listen on; port 0 takes a free one', '127.0.0.1:5000')
    .option('--priority <n>', 'what nix-cache-info says; clients ask lower numbers first', integer)
    .option('--workers <n>', 'processes that serve, on one port', atLeastOne, 1)
    .addHelpText(
      'after',
      `
Example:
  proteus key generate cache.example.org-1 --secret cache.secret
  proteus cache serve --key cache.secret --listen 0.0.0.0:5000
  proteus cache serve --key cache.secret --listen 0.0.0.0:5000 --workers 4   # for some 100,000 requests a second
`,
    )
    .action((flags: Flags) => {
      run((context) => serve(context, flags));
    });
};

/** Answers that are being sent may still take so long at the end. */
const graceMs = 2000;

interface Serving extends AsyncDisposable {
  readonly url: string;
}

async function serve(context: CliContext, flags: Flags): Promise<number> {
  const warn = (text: string): void => context.emit({ type: 'message', level: 'warning', text });
  const keys = await Promise.all((flags.key ?? []).map((file) => readKeyFile(file, warn)));
  checkKeys(keys);
  const { host, port } = parseListen(flags.listen);
  const settings = {
    host,
    port,
    graceMs,
    ...(flags.priority === undefined ? {} : { priority: flags.priority }),
  };
  await using server =
    flags.workers === 1
      ? await serveAlone({ ...settings, keys, onFault: warn }, context.signal)
      : await startCacheWorkers({
          count: flags.workers,
          settings: { ...settings, keys: keys.map(printSecretKey), reusePort: await canReusePort(host) },
          fork: forkWorker,
          pause,
          now: Date.now,
          onFault: warn,
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

async function serveAlone(
  options: Omit<CacheServerOptions, 'store' | 'database'>,
  signal: AbortSignal,
): Promise<Serving> {
  await using stack = new AsyncDisposableStack();
  const store = stack.use(await openStore({ type: 'local' }, { signal }));
  const database = stack.use(await openStoreDatabase());
  const { url } = stack.use(await startCacheServer({ ...options, store, database }));
  const owned = stack.move();
  return { url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function atLeastOne(text: string): number {
  const value = integer(text);
  if (value < 1) throw new InvalidArgumentError(`wanted 1 or more, got '${text}'.`);
  return value;
}
