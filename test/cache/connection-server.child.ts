/**
 * A cache of one path with the NAR of the file that is named, as a process of its own so that its memory can be looked
 * at: `connection-server.child.ts FILE [--no-front-door]`. Says its port and the NAR's size and hash, then, whenever a line
 * comes in, how much memory it holds and how many connections it has.
 */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { createCacheHandler } from '../../src/cache/create-cache-handler.ts';
import { createHotServer } from '../../src/cache/hot/create-hot-server.ts';
import { keepAliveMs } from '../../src/cache/hot/keep-alive.ts';
import { createDumpPool } from '../../src/cache/live/create-dump-pool.ts';
import { generateSecretKey } from '../../src/nix/signing-key.ts';
import type { StorePath } from '../../src/nix/store-path.ts';
import { dumpPath } from '../../src/store/dump-path.ts';
import type { PathInfo } from '../../src/store/store.ts';

const [file = '', door] = process.argv.slice(2);
const digest = createHash('sha256');
let narSize = 0;
for (const piece of dumpPath(file)) {
  digest.update(piece);
  narSize += piece.length;
}
const narHash = digest.digest('hex');
const info: PathInfo = {
  // The file need not be in a store to be dumped.
  path: file as StorePath,
  deriver: undefined,
  narHash,
  narSize,
  references: [],
  registrationTime: 1,
  ultimate: true,
  signatures: [],
  contentAddress: '',
};
const pool = createDumpPool();
const hash = '5k2r78dr3fdr14rll13sm5dmjb5fpw3r';
const handler = createCacheHandler({
  source: {
    version: () => 1,
    mayHave: (part) => part === hash,
    lookup: () => info,
  },
  store: { leaseTempRoots: async () => ({ add: async () => {}, [Symbol.asyncDispose]: async () => {} }) },
  dump: (asked, range) => pool.dumpShared(asked, range),
  keys: [generateSecretKey('cache-1')],
  onFault: (message) => process.stderr.write(`${message}\n`),
});
const http = createServer(
  {
    keepAliveTimeout: keepAliveMs,
    headersTimeout: 1000,
    requestTimeout: 2000,
    connectionsCheckingInterval: 100,
  },
  (req, res) => {
    if (!handler.tryServe(req, res)) res.writeHead(404).end();
  },
);
const server = door === '--no-front-door' ? http : createHotServer({ http, answers: handler.hot }).server;
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
await once(server, 'listening');
const address = server.address();
if (address === null || typeof address === 'string') throw new Error('no port');
process.stdout.write(`${JSON.stringify({ port: address.port, narSize, narHash })}\n`);
for await (const _ of createInterface({ input: process.stdin })) {
  const connections = await new Promise<number>((resolve) => {
    server.getConnections((_error, count) => resolve(count));
  });
  process.stdout.write(
    `${JSON.stringify({ rss: process.memoryUsage.rss(), connections, ...handler.counters })}\n`,
  );
}
process.exit(0);
