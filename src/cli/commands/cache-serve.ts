/** `proteus cache serve`: the local store as a signed binary cache, until interrupted. */

import { once } from 'node:events';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { InvalidArgumentError } from 'commander';
import { checkKeys } from '../../cache/check-keys.ts';
import { createExtras } from '../../cache/extras/create-extras.ts';
import { readKeyFile } from '../../cache/read-key-file.ts';
import { type CacheServerOptions, startCacheServer } from '../../cache/start-cache-server.ts';
import { type KeepSettings, openKeeping } from '../../cache/stored/open-keeping.ts';
import { trustLines } from '../../cache/trust-lines.ts';
import { canReusePort } from '../../cache/workers/can-reuse-port.ts';
import { forkWorker } from '../../cache/workers/fork-worker.ts';
import { startCacheWorkers } from '../../cache/workers/start-cache-workers.ts';
import { parseListen } from '../../config/parse-listen.ts';
import { printSecretKey } from '../../nix/signing-key.ts';
import { openStore } from '../../store/open-store.ts';
import { openStoreDatabase } from '../../store/store-database.ts';
import { AppError } from '../../util/app-error.ts';
import { pause } from '../../util/pause.ts';
import type { CommandModule } from '../command-module.ts';
import { type CliContext, say } from '../context.ts';
import { collect, integer } from '../network-options.ts';

interface Flags {
  readonly key?: readonly string[];
  readonly listen: string;
  readonly priority?: number;
  readonly nars?: string;
  readonly database?: string;
  readonly xAccel?: string;
  readonly workers: number;
}

export const define: CommandModule['define'] = (command, run) => {
  command
    .option('--key <file>', 'secret key that signs what is served; may be given more than once', collect)
    .option('--listen <address>', 'HOST:PORT to listen on; port 0 takes a free one', '127.0.0.1:5000')
    .option('--priority <n>', 'what nix-cache-info says; clients ask lower numbers first', integer)
    .option(
      '--nars <place>',
      'keep NARs as files there, and serve those: a folder, or s3://BUCKET?endpoint=URL',
    )
    .option(
      '--database <url>',
      'where it is written what files there are (default: proteus.db in that folder)',
    )
    .option('--x-accel <path>', 'where an nginx in front has the files, such as /_nar/: it then sends them')
    .option('--workers <n>', 'processes that serve, on one port', atLeastOne, 1)
    .addHelpText(
      'after',
      `
Example:
  proteus key generate cache.example.org-1 --secret cache.secret
  proteus cache serve --key cache.secret --listen 0.0.0.0:5000
  proteus cache serve --key cache.secret --nars /var/cache/nars
  proteus cache serve --key cache.secret --listen 0.0.0.0:5000 --workers 4   # one for each core
  proteus cache serve --key cache.secret --nars /var/cache/nars --workers 2
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
  const { host, port } = parseListen(flags.listen);
  const keep = keepSettings(context, flags);
  const keys = await Promise.all((flags.key ?? []).map((file) => readKeyFile(file, warn)));
  checkKeys(keys);
  const settings = {
    host,
    port,
    graceMs,
    ...(flags.priority === undefined ? {} : { priority: flags.priority }),
  };
  await using server =
    flags.workers === 1
      ? await serveAlone(context, keep, { ...settings, keys, onFault: warn })
      : await startCacheWorkers({
          count: flags.workers,
          settings: {
            ...settings,
            keys: keys.map(printSecretKey),
            reusePort: await canReusePort(host),
            ...(keep === undefined ? {} : { keep }),
          },
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
  { signal, env }: CliContext,
  keep: KeepSettings | undefined,
  options: Omit<CacheServerOptions, 'store' | 'database' | 'keep' | 'extras'>,
): Promise<Serving> {
  await using stack = new AsyncDisposableStack();
  const store = stack.use(await openStore({ type: 'local' }, { signal }));
  const database = stack.use(await openStoreDatabase());
  const keeping = keep && stack.use(await openKeeping(keep, env));
  const { url } = stack.use(
    await startCacheServer({
      ...options,
      store,
      database,
      keep: keeping?.options,
      extras: createExtras({ database, keys: options.keys }),
    }),
  );
  const owned = stack.move();
  return { url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Where files are kept and what is written of them; undefined where none are. */
function keepSettings({ cwd }: CliContext, flags: Flags): KeepSettings | undefined {
  if (flags.nars === undefined) {
    const other = flags.database === undefined ? flags.xAccel && '--x-accel' : '--database';
    if (other !== undefined) throw new AppError('usage.invalid', `${other} is of use with --nars only`);
    return undefined;
  }
  const isFolder = !flags.nars.startsWith('s3:');
  const place = isFolder ? path.resolve(cwd, flags.nars) : flags.nars;
  const database = flags.database ?? (isFolder ? path.join(place, 'proteus.db') : undefined);
  if (database === undefined)
    throw new AppError('usage.invalid', 'wanted --database with --nars s3://…, got none');
  return {
    ...{ place, database, staging: path.join(tmpdir(), `proteus-nars-${userInfo().uid}`) },
    ...(flags.xAccel === undefined ? {} : { accel: flags.xAccel }),
  };
}

function atLeastOne(text: string): number {
  const value = integer(text);
  if (value < 1) throw new InvalidArgumentError(`wanted 1 or more, got '${text}'.`);
  return value;
}
