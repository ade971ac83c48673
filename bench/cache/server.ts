/**
 * Our cache as a process of its own, for the benchmark: `server.ts [--no-front-door]`. Says its URL, then the 99th
 * percentile of the event loop's delay in milliseconds and the resident memory in bytes whenever a line comes in.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { startCacheServer } from '../../src/cache/start-cache-server.ts';
import { generateSecretKey } from '../../src/nix/signing-key.ts';
import { openStore } from '../../src/store/open-store.ts';
import { openStoreDatabase } from '../../src/store/store-database.ts';

const store = await openStore({ type: 'local' });
const database = await openStoreDatabase();
const server = await startCacheServer({
  store,
  database,
  keys: [generateSecretKey('bench-1')],
  host: '127.0.0.1',
  port: 0,
  frontDoor: !process.argv.includes('--no-front-door'),
  onFault: (message) => process.stderr.write(`${message}\n`),
});
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
process.stdout.write(`${server.url}\n`);
for await (const _ of createInterface({ input: process.stdin })) {
  const figures = { delayMs: delay.percentile(99) / 1e6, rss: process.memoryUsage.rss() };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  delay.reset();
}
process.exit(0);
