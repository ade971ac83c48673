/**
 * Runs as one of several processes that serve the same store on the same port. It starts when it is told how, and ends
 * when it is told to or its parent has gone; interrupting it directly means nothing, for a terminal interrupts all of
 * them and the parent ends them in order.
 */

import { parseSecretKey } from '../../nix/signing-key.ts';
import { openStore } from '../../store/open-store.ts';
import { openStoreDatabase } from '../../store/store-database.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { createExtras } from '../extras/create-extras.ts';
import { type CacheServer, startCacheServer } from '../start-cache-server.ts';
import { openKeeping } from '../stored/open-keeping.ts';
import { type CacheWorkerSettings, type FromCacheWorker, toCacheWorker } from './worker-messages.ts';

const countersEveryMs = 1000;

const tell = (message: FromCacheWorker): void => void process.send?.(message);
const stack = new AsyncDisposableStack();
let server: CacheServer | undefined;

async function start(settings: CacheWorkerSettings): Promise<void> {
  const store = stack.use(await openStore({ type: 'local' }));
  const database = stack.use(await openStoreDatabase());
  const { keep, ...options } = settings;
  const keeping = keep && stack.use(await openKeeping(keep, process.env));
  const keys = settings.keys.map((text) => parseSecretKey(text));
  server = stack.use(
    await startCacheServer({
      ...options,
      keep: keeping?.options,
      store,
      database,
      keys,
      extras: createExtras({ database, keys }),
      onFault: (message) => tell({ type: 'fault', message }),
    }),
  );
  tell({ type: 'listening', url: server.url, port: server.address.port });
  setInterval(tellCounters, countersEveryMs).unref();
}

function tellCounters(): void {
  if (server !== undefined) tell({ type: 'counters', counters: { ...server.counters } });
}

async function end(): Promise<void> {
  await stack.disposeAsync();
  tellCounters();
  // What was told last leaves before the channel is closed, and then nothing keeps the process.
  process.disconnect();
}

async function take(message: unknown): Promise<void> {
  const told = toCacheWorker.parse(message);
  try {
    await (told.type === 'start' ? start(told.settings) : end());
  } catch (error) {
    const code = error instanceof AppError ? error.code : 'unexpected';
    tell({ type: 'failed', code, message: errorMessage(error) });
    process.exitCode = 1;
    process.disconnect();
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
process.on('message', (message) => void take(message));
