/**
 * Our cache as a process of its own, for the benchmark:
 *
 *   server.ts [--no-front-door] [--keep FOLDER [--accel PREFIX]] [--port N] [--watch-delay]
 *
 * Says its URL, then the 99th percentile of the event loop's delay in milliseconds (0 when it was not to be watched: that
 * takes time itself) and the resident memory in bytes whenever a line comes in.
 */

import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { openFileBlobs } from '../../src/blobs/file/open-file-blobs.ts';
import { startCacheServer } from '../../src/cache/start-cache-server.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { generateSecretKey } from '../../src/nix/signing-key.ts';
import { openStore } from '../../src/store/open-store.ts';
import { openStoreDatabase } from '../../src/store/store-database.ts';

const { values } = parseArgs({
  options: {
    'no-front-door': { type: 'boolean', default: false },
    keep: { type: 'string' },
    accel: { type: 'string' },
    port: { type: 'string', default: '0' },
    'watch-delay': { type: 'boolean', default: false },
  },
});
const keep = values.keep && {
  blobs: await openFileBlobs(path.join(values.keep, 'nars')),
  database: await openDatabase(path.join(values.keep, 'proteus.db'), { now: Date.now }),
  accel: values.accel,
};
const store = await openStore({ type: 'local' });
const database = await openStoreDatabase();
const server = await startCacheServer({
  store,
  database,
  keys: [generateSecretKey('bench-1')],
  host: '127.0.0.1',
  port: Number(values.port),
  keep: keep || undefined,
  frontDoor: !values['no-front-door'],
  onFault: (message) => process.stderr.write(`${message}\n`),
});
const delay = monitorEventLoopDelay({ resolution: 1 });
if (values['watch-delay']) delay.enable();
process.stdout.write(`${server.url}\n`);
for await (const _ of createInterface({ input: process.stdin })) {
  const figures = { delayMs: delay.percentile(99) / 1e6, rss: process.memoryUsage.rss() };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  delay.reset();
}
process.exit(0);
