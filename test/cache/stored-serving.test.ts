/** A cache that keeps NARs as files, with a real store, a real client and real garbage collection. */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { open, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BlobStore } from '../../src/blobs/blob-store.ts';
import { openFileBlobs } from '../../src/blobs/file/open-file-blobs.ts';
import { type CacheServer, startCacheServer } from '../../src/cache/start-cache-server.ts';
import type { Database } from '../../src/db/database.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { formatHash } from '../../src/nix/hash.ts';
import type { NarInfo } from '../../src/nix/narinfo.ts';
import { parseNarInfo } from '../../src/nix/parse-narinfo.ts';
import { printPublicKey } from '../../src/nix/public-key.ts';
import { generateSecretKey } from '../../src/nix/signing-key.ts';
import { parseStorePath, type StorePath, storePathHash } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { openStoreDatabase, type StoreDatabase } from '../../src/store/store-database.ts';
import { deleteFromStore } from '../helpers/delete-from-store.ts';
import { makeFolder } from '../helpers/write-network.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';

let folder: string;
let lab: Lab;
let client: LabHost;
let store: Store;
let storeDatabase: StoreDatabase;
let blobs: BlobStore;
let database: Database;
let server: CacheServer;
const key = generateSecretKey('stored-1');
const faults: string[] = [];

beforeAll(async () => {
  folder = await makeFolder();
  store = await openStore({ type: 'local' });
  storeDatabase = await openStoreDatabase();
  blobs = await openFileBlobs(path.join(folder, 'nars'));
  database = await openDatabase(path.join(folder, 'db'), { now: Date.now });
  server = await start();
  lab = await createLab({ defaults: { nixConf: { 'require-sigs': 'true' } } });
  client = await lab.addHost('client');
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  storeDatabase[Symbol.dispose]();
  await store[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

function start(accel?: string): Promise<CacheServer> {
  return startCacheServer({
    store,
    database: storeDatabase,
    keys: [key],
    keep: { blobs, database, accel },
    host: '0.0.0.0',
    port: 0,
    onFault: (message) => faults.push(message),
  });
}

async function build(name: string, script: string, uses: readonly StorePath[] = []): Promise<StorePath> {
  const inputs = uses.map((used) => `(builtins.storePath ${used})`).join(' ');
  const expression = `derivation {
    name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh"; inputs = [ ${inputs} ];
    args = [ "-c" ${JSON.stringify(script).replaceAll('$', '\\$')} ];
  }`;
  const { stdout } = await runProcess(['nix-build', '--no-out-link', '-E', expression]);
  return parseStorePath(stdout.trim());
}

async function narinfo(of: StorePath, from = server): Promise<NarInfo | undefined> {
  const response = await fetch(`${from.url}/${storePathHash(of)}.narinfo`);
  return response.status === 404 ? undefined : parseNarInfo(await response.text(), response.url);
}
async function bytes(url: string, headers: Record<string, string> = {}): Promise<Buffer> {
  const response = await fetch(`${server.url}/${url}`, { headers });
  if (!response.ok) throw new Error(`${url}: HTTP status ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}
/** The whole answer as it came, on a connection of its own that says no more than it must. */
async function rawGet({ address }: CacheServer, url: string): Promise<string> {
  const socket = connect(address.port, '127.0.0.1');
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  socket.write(`GET /${url} HTTP/1.1\r\nHost: a\r\n\r\n`);
  while (!/\r\n\r\n(?:0\r\n\r\n)?$/.test(String(Buffer.concat(received)))) await once(socket, 'data');
  socket.destroy();
  return String(Buffer.concat(received));
}
const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
/** Takes them out of the store with all that refers to them, derivations too, as the garbage collector would. */
async function collect(...paths: readonly StorePath[]): Promise<void> {
  const { stdout } = await runProcess(['nix-store', '--query', '--referrers-closure', ...paths]);
  await deleteFromStore(stdout.trim().split('\n'));
}

/** Has it kept, and waits until it is. */
async function keep(of: StorePath): Promise<NarInfo> {
  server.stored?.materialiser.want([of], 'built');
  await server.stored?.materialiser.idle();
  const info = await narinfo(of);
  if (info === undefined) throw new Error(`${of} is not there`);
  return info;
}

describe('a cache with files', () => {
  it('keeps what was asked for, with what it refers to, and serves it when the store has it no more', async () => {
    const library = await build('library', 'for n in 1 2 3 4 5 6 7 8 9; do echo the same words; done > $out');
    const program = await build('program', `echo ${library} > $out`, [library]);
    const live = await narinfo(program);
    expect(live?.compression).toBe('none');
    const whole = await bytes(live?.url ?? '');
    await server.stored?.materialiser.idle();

    const stored = await narinfo(program);
    expect(stored?.url).toMatch(/^nar\/[0-9a-z]{52}\.nar\.zst$/);
    const file = await bytes(stored?.url ?? '');
    expect(stored).toMatchObject({ compression: 'zstd', fileSize: file.length, narHash: live?.narHash });
    expect(stored?.fileHash && formatHash(stored.fileHash, 'base16')).toBe(`sha256:${sha256(file)}`);
    expect(zstdDecompressSync(file).equals(whole)).toBe(true);

    await collect(program, library);
    expect((await narinfo(program))?.url).toBe(stored?.url);
    expect((await narinfo(library))?.compression).toBe('zstd');
    expect((await bytes(live?.url ?? '')).equals(whole)).toBe(true);
    expect((await bytes(live?.url ?? '', { range: 'bytes=20-59' })).equals(whole.subarray(20, 60))).toBe(
      true,
    );
    const [hash = ''] = /[0-9a-z]{52}/.exec(live?.url ?? '') ?? [];
    expect((await bytes(`nar/${hash}.nar`)).equals(whole)).toBe(true);

    const url = `http://${client.controlAddress}:${server.address.port}`;
    const config = `substituters = ${url}\ntrusted-public-keys = ${printPublicKey(key.publicKey)}`;
    await client.exec(['env', `NIX_CONFIG=${config}`, 'nix-store', '--realise', program]);
    await client.exec(['nix-store', '--check-validity', program, library]);
    expect(faults).toEqual([]);
  });

  it('knows all of it after a restart', async () => {
    const kept = await build('kept', 'echo kept > $out');
    const { url } = await keep(kept);
    await collect(kept);
    await server[Symbol.asyncDispose]();
    server = await start();

    expect((await narinfo(kept))?.url).toBe(url);
    expect(await bytes(url)).not.toHaveLength(0);
  });

  it('answers HEAD, ranges and conditions for files, and nothing for other endings or hashes', async () => {
    const text = await build('ranges', 'for n in 1 2 3 4 5 6 7 8 9; do echo $n and $n; done > $out');
    const { url, fileSize } = await keep(text);
    const ask = (target: string, headers: Record<string, string> = {}, method = 'GET') =>
      fetch(`${server.url}/${target}`, { headers, method });
    const whole = await bytes(url);

    const head = await ask(url, {}, 'HEAD');
    expect(head.headers.get('content-length')).toBe(String(fileSize));
    expect(head.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    const etag = head.headers.get('etag') ?? '';
    expect((await ask(url, { 'if-none-match': etag })).status).toBe(304);
    const part = await ask(url, { range: 'bytes=10-' });
    expect([part.status, part.headers.get('content-range')]).toEqual([
      206,
      `bytes 10-${whole.length - 1}/${whole.length}`,
    ]);
    expect(Buffer.from(await part.arrayBuffer()).equals(whole.subarray(10))).toBe(true);
    expect((await ask(url, { range: `bytes=${whole.length}-` })).status).toBe(416);
    expect((await ask(url.replace('.zst', ''))).status).toBe(404);
    expect((await ask(url.replace('.zst', '.xz'))).status).toBe(404);
    expect((await ask(`nar/${'0'.repeat(52)}.nar.zst`)).status).toBe(404);
  });

  it('makes a damaged file anew out of the store, and never sends all of the damaged one', async () => {
    const fragile = await build('fragile', 'dd if=/dev/urandom of=$out bs=1M count=4');
    const { url, fileHash } = await keep(fragile);
    const nar = server.stored?.nars.byFileHash(/[0-9a-z]{52}/.exec(url)?.[0] ?? '');
    if (nar === undefined) throw new Error('there is no such file');
    const file = server.stored?.nars.fileOf(nar) ?? '';
    await using handle = await open(file, 'r+');
    await handle.write(Buffer.from('damage'), 0, 6, 3_000_000);
    const cut = await fetch(`${server.url}/${url}`)
      .then(
        (response) => response.arrayBuffer().then((content) => content.byteLength),
        () => 0,
      )
      .catch(() => 'cut');
    expect(cut).not.toBe(nar.fileSize);
    await server.stored?.nars.repair(nar);

    expect(sha256(await bytes((await narinfo(fragile))?.url ?? ''))).toBe(
      fileHash && formatHash(fileHash, 'base16').slice('sha256:'.length),
    );
    faults.splice(0);
  });

  it('goes back to the store, or to a miss, when a file is lost for good', async () => {
    const lost = await build('lost', 'echo lost > $out');
    const { url } = await keep(lost);
    await collect(lost);
    const nar = server.stored?.nars.byFileHash(/[0-9a-z]{52}/.exec(url)?.[0] ?? '');
    if (nar === undefined) throw new Error('there is no such file');
    await rm(server.stored?.nars.fileOf(nar) ?? '');

    expect((await fetch(`${server.url}/${url}`)).status).toBe(404);
    expect(await server.stored?.nars.repair(nar)).toMatch(/withdrawn|sound/);
    expect(await narinfo(lost)).toBeUndefined();
    expect(await build('lost', 'echo lost > $out')).toBe(lost);
    expect((await narinfo(lost))?.compression).toBe('none');
    faults.splice(0);
  });

  it('leaves files to a server in front, where there is one', async () => {
    const front = await build('front', 'echo front > $out');
    const { url } = await keep(front);
    await using behind = await start('/_nar/');
    // The first is answered by the server behind the front door, which finds the file right; then the door can answer.
    const [first, second] = [await rawGet(behind, url), await rawGet(behind, url)];

    const name = url.slice('nar/'.length);
    for (const text of [first, second]) {
      expect(text).toContain(`\r\nX-Accel-Redirect: /_nar/${name.slice(0, 2)}/${name}\r\n`);
      expect(text).toContain('\r\nContent-Type: application/x-nix-nar\r\n');
      expect(text).toContain('\r\nCache-Control: public, max-age=31536000, immutable\r\n');
      expect(text).toMatch(/\r\n\r\n(?:0\r\n\r\n)?$/);
    }
    expect(second).toContain('\r\nContent-Length: 0\r\n');
    expect(behind.counters.nars).toBe(2);
    expect(blobs.fileOf(`nar/${name.slice(0, 2)}/${name}`)).toContain(name);
  });
});
