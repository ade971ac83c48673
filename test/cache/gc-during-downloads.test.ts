import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { Agent, get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CacheServer, startCacheServer } from '../../src/cache/start-cache-server.ts';
import { generateSecretKey } from '../../src/nix/signing-key.ts';
import { parseStorePath, type StorePath, storePathHash } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { openStore } from '../../src/store/open-store.ts';
import { openStoreDatabase } from '../../src/store/store-database.ts';
import { makeFolder } from '../helpers/write-network.ts';

const downloads = 50;
/** More than the kernel holds of a connection, so that each is under way until its reader goes on. */
const size = 12 * 2 ** 20;
const stack = new AsyncDisposableStack();
const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY });
let server: CacheServer;
/** By path, the sha256 of its NAR. */
const expected = new Map<StorePath, string>();
let wanted: readonly StorePath[];
let others: readonly StorePath[];

beforeAll(async () => {
  const folder = await makeFolder();
  const files: string[] = [];
  for (let count = 0; count < downloads + 20; count++) {
    const file = `${folder}/file-${count}`;
    // The garbage that is not downloaded slowly is small, and comes and goes quickly.
    await writeFile(file, randomBytes(count < downloads ? size : 100_000));
    files.push(file);
  }
  const { stdout } = await runProcess(['nix-store', '--add', ...files]);
  const paths = stdout.trim().split('\n').map(parseStorePath);
  await runProcess(['rm', '-rf', folder]);
  const store = stack.use(await openStore({ type: 'local' }));
  const database = stack.use(await openStoreDatabase());
  for (const path of paths) expected.set(path, database.lookupPath(path)?.narHash ?? '');
  wanted = paths.slice(0, downloads);
  others = paths.slice(downloads);
  const keys = [generateSecretKey('lab-cache-1')];
  server = stack.use(await startCacheServer({ store, database, keys, host: '127.0.0.1', port: 0 }));
});
afterAll(async () => {
  agent.destroy();
  await stack.disposeAsync();
});

/** The answer to a request for the NAR, of which nothing is read yet. */
async function begin(path: StorePath): Promise<IncomingMessage> {
  const [res] = (await once(get(`${server.url}/nar/${storePathHash(path)}.nar`, { agent }), 'response')) as [
    IncomingMessage,
  ]; // what the event has
  return res;
}

/** What came of it: the hash of a whole body, or a miss. A body that was cut throws. */
async function finish(res: IncomingMessage): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of res as AsyncIterable<Buffer>) digest.update(chunk);
  expect(res.complete).toBe(true);
  return res.statusCode === 200 ? digest.digest('hex') : String(res.statusCode);
}

it('gives whole bodies or clean misses while the garbage collector runs', async () => {
  const begun = await Promise.all(wanted.map(begin));
  expect(begun.every(({ statusCode }) => statusCode === 200)).toBe(true);

  // In a world where the collector cannot see that we have the files open, which would keep them too.
  const gc = runProcess(['unshare', '--pid', '--fork', '--mount-proc', 'nix-store', '--gc']);
  let collecting = true;
  const ended = (): void => {
    collecting = false;
  };
  gc.then(ended, ended);
  const outcomes: (readonly [StorePath, string])[] = [];
  for (let at = 0; collecting; at++) {
    const path = others[at % others.length]!;
    outcomes.push([path, await finish(await begin(path))]);
  }
  const { stdout, stderr } = await gc;

  expect(`${stdout}${stderr}`).toMatch(/store paths deleted/);
  const hashes = await Promise.all(begun.map(finish));
  expect(hashes).toEqual(wanted.map((path) => expected.get(path)));
  for (const [path, outcome] of outcomes) expect(['404', expected.get(path)]).toContain(outcome);
  expect(server.counters).toMatchObject({ narsCut: 0 });
  // It did collect what nobody was downloading.
  expect(await Promise.all(others.map(async (path) => finish(await begin(path))))).toContain('404');
});

it('lets go of everything once the downloads have ended', async () => {
  await expect
    .poll(
      async () => {
        await runProcess(['unshare', '--pid', '--fork', '--mount-proc', 'nix-store', '--gc']);
        return (await Promise.all(wanted.map(begin))).map((res) => {
          res.destroy();
          return res.statusCode;
        });
      },
      { timeout: 60_000, interval: 500 },
    )
    .toEqual(wanted.map(() => 404));
});
