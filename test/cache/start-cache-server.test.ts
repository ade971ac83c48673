import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, open, readdir, readlink, writeFile } from 'node:fs/promises';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeTrust } from '../../src/cache/describe-trust.ts';
import { type CacheServer, startCacheServer } from '../../src/cache/start-cache-server.ts';
import { printPublicKey } from '../../src/nix/public-key.ts';
import { generateSecretKey, type SecretKey } from '../../src/nix/signing-key.ts';
import {
  parseStorePath,
  type StorePath,
  storePathBaseName,
  storePathHash,
} from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { openStoreDatabase, type StoreDatabase } from '../../src/store/store-database.ts';
import { deleteFromStore } from '../helpers/delete-from-store.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';
import { startCuttingProxy } from './cutting-proxy.ts';

let lab: Lab;
let client: LabHost;
let store: Store;
let database: StoreDatabase;
let key: SecretKey;
let server: CacheServer;
let url: string;
const faults: string[] = [];

/** Added before there was any key. */
let early: StorePath;
let plain: StorePath;
let linked: StorePath;
let symlink: StorePath;
let big: StorePath;

beforeAll(async () => {
  early = await add('early', 'from before there was a key');
  plain = await build('plain', 'echo plain; echo hello > $out');
  linked = await build(
    'linked',
    `mkdir $out; echo ${plain} > $out/uses; echo x > $out/run; chmod +x $out/run; ln -s run $out/link`,
    [plain],
  );
  symlink = await build('symlink', 'ln -s /nowhere/at/all $out');
  big = await build('big', 'dd if=/dev/urandom of=$out bs=1M count=24');
  store = await openStore({ type: 'local' });
  database = await openStoreDatabase();
  key = generateSecretKey('lab-cache-1');
  server = await start([key]);
  lab = await createLab({ defaults: { nixConf: { 'require-sigs': 'true' } } });
  client = await lab.addHost('client');
  url = `http://${client.controlAddress}:${server.address.port}`;
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  database[Symbol.dispose]();
  await store[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

function start(keys: readonly SecretKey[]): Promise<CacheServer> {
  return startCacheServer({
    store,
    database,
    keys,
    host: '0.0.0.0',
    port: 0,
    onFault: (message) => faults.push(message),
  });
}

async function add(name: string, content: string): Promise<StorePath> {
  await writeFile(`/nix/var/${name}`, content);
  const { stdout } = await runProcess(['nix-store', '--add', `/nix/var/${name}`]);
  return parseStorePath(stdout.trim());
}

async function build(name: string, script: string, uses: readonly StorePath[] = []): Promise<StorePath> {
  const { stdout } = await runProcess([
    'nix-build',
    '--no-out-link',
    '-E',
    `derivation {
      name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh";
      inputs = [ ${uses.map((path) => `(builtins.storePath ${path})`).join(' ')} ];
      args = [ "-c" ${JSON.stringify(script).replaceAll('$', '\\$')} ];
    }`,
  ]);
  return parseStorePath(stdout.trim());
}

/** Lets the client fetch a path, with nothing remembered from before. */
function fetchOn(path: StorePath, options: { readonly from?: string; readonly keys?: string } = {}) {
  const settings = {
    substituters: options.from ?? url,
    'trusted-public-keys': options.keys ?? printPublicKey(key.publicKey),
    'narinfo-cache-negative-ttl': 0,
    'narinfo-cache-positive-ttl': 0,
  };
  return client.exec(
    [
      'env',
      `NIX_CONFIG=${Object.entries(settings)
        .map(([name, value]) => `${name} = ${value}`)
        .join('\n')}`,
      'nix-store',
      '--realise',
      path,
    ],
    { okCodes: [0, 1], timeoutMs: 60_000 },
  );
}

const isOnClient = async (path: StorePath) =>
  (await client.exec(['nix-store', '--check-validity', path], { okCodes: [0, 1] })).code === 0;
const nix = (...args: string[]) =>
  runProcess(['nix', '--extra-experimental-features', 'nix-command', ...args], { okCodes: [0, 1, 2] });
const narinfo = (path: StorePath) => fetch(`${server.url}/${storePathHash(path)}.narinfo`);
async function narUrl(path: StorePath): Promise<string> {
  return `${server.url}/${/^URL: (.*)$/m.exec(await (await narinfo(path)).text())?.[1]}`;
}

describe('a real client', () => {
  it.each([
    ['with references, and what it refers to', () => linked],
    ['without references', () => plain],
    ['that is content-addressed', () => early],
    ['that is a symlink', () => symlink],
  ])('fetches a path %s', async (_what, path) => {
    expect((await fetchOn(path())).stdout.trim()).toBe(path());
    expect(await isOnClient(path())).toBe(true);
    const { stdout } = await client.exec(['nix-store', '--query', '--hash', path()]);
    expect(stdout).toBe((await runProcess(['nix-store', '--query', '--hash', path()])).stdout);
    await client.exec(['nix-store', '--verify-path', path()]);
  });

  it('gets all that a closure needs', async () => {
    expect(await isOnClient(linked)).toBe(true);
    expect(await isOnClient(plain)).toBe(true);
    expect((await client.exec(`${linked}/link 2>&1 || cat ${linked}/uses`)).stdout).toContain(plain);
    expect(await readlink(client.path(symlink))).toBe('/nowhere/at/all');
  });

  it('refuses everything when it trusts another key of the same name', async () => {
    const other = generateSecretKey('lab-cache-1');
    const { code, stderr } = await fetchOn(big, { keys: printPublicKey(other.publicKey) });
    expect(code).toBe(1);
    expect(stderr).toMatch(/not signed by any of the keys|lacks a valid signature|lacks a signature/);
    expect(await isOnClient(big)).toBe(false);
  });

  it('goes on where a connection was cut', async () => {
    await using proxy = await startCuttingProxy(server.address.port, 5_000_000);
    const before = server.counters.nars;
    const { code, stderr } = await fetchOn(big, {
      from: `http://${client.controlAddress}:${proxy.port}`,
    });
    expect(stderr).toContain('copying path');
    expect(code).toBe(0);
    expect(proxy.cuts).toBe(1);
    expect(proxy.ranges).toEqual([expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
    expect(server.counters.nars - before).toBe(2);
    await client.exec(['nix-store', '--verify-path', big]);
  });

  it('proves its trust with the command it is told', async () => {
    await client.setNixConf({ 'extra-trusted-public-keys': printPublicKey(key.publicKey) });
    for (const path of [plain, early])
      await client.exec(describeTrust({ url, publicKeys: [], path: path }).proof);
    await client.setNixConf({
      'extra-trusted-public-keys': printPublicKey(generateSecretKey('lab-cache-1').publicKey),
    });
    const { code, stderr } = await client.exec(describeTrust({ url, publicKeys: [], path: plain }).proof, {
      okCodes: [2],
    });
    expect(code).toBe(2);
    expect(stderr).toContain(`path '${plain}' is untrusted`);
  });
});

describe('narinfos', () => {
  it.each([
    ['a path added before there was a key', () => early],
    ['a path built here', () => plain],
    ['a symlink', () => symlink],
  ])('of %s carry our signature', async (_what, path) => {
    const text = await (await narinfo(path())).text();
    expect(text).toContain(`StorePath: ${path()}\n`);
    expect(text).toMatch(/^Sig: lab-cache-1:[A-Za-z0-9+/]{86}==$/m);
    expect(text).toContain('\nReferences: \n');
  });

  it('carry one of each key, and pass on foreign ones', async () => {
    const second = generateSecretKey('lab-cache-2');
    const foreign = generateSecretKey('elsewhere-1').sign('whatever');
    await store.addSignatures(plain, [foreign]);
    await using two = await start([key, second]);
    const text = await (await fetch(`${two.url}/${storePathHash(plain)}.narinfo`)).text();
    expect([...text.matchAll(/^Sig: ([^:]+):/gm)].map(([, name]) => name)).toEqual([
      'elsewhere-1',
      'lab-cache-1',
      'lab-cache-2',
    ]);
  });

  it('are there as soon as a path is, and gone as soon as it is', async () => {
    const content = 'comes and goes';
    const hash = await add('volatile', content);
    expect((await narinfo(hash)).status).toBe(200);
    const nar = await narUrl(hash);
    await deleteFromStore([hash]);
    expect((await narinfo(hash)).status).toBe(404);
    expect((await fetch(nar)).status).toBe(404);
    expect(await add('volatile', content)).toBe(hash);
    expect((await narinfo(hash)).status).toBe(200);
    expect((await fetch(nar)).status).toBe(200);
  });

  it('of unknown paths are a 404 that is not to be kept', async () => {
    const response = await fetch(`${server.url}/${'0'.repeat(32)}.narinfo`);
    expect(response.status).toBe(404);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });
});

describe('NARs', () => {
  it.each([
    ['a tree', () => linked],
    ['a file', () => big],
    ['a symlink', () => symlink],
  ])('of %s are what nix-store --dump says', async (_what, path) => {
    const response = await fetch(await narUrl(path()));
    const sent = createHash('sha256')
      .update(Buffer.from(await response.arrayBuffer()))
      .digest('hex');
    const dumped = await runProcess(['sh', '-c', `nix-store --dump ${path()} | sha256sum`]);
    expect(sent).toBe(dumped.stdout.slice(0, 64));
  });

  it('are cut off when the store is damaged, and no client takes them', async () => {
    const damaged = await build('damaged', 'dd if=/dev/urandom of=$out bs=1M count=8');
    await chmod(damaged, 0o644);
    const file = await open(damaged, 'r+');
    const { buffer: byte } = await file.read(Buffer.alloc(1), 0, 1, 1_000_000);
    await file.write(Buffer.from([byte[0]! ^ 1]), 0, 1, 1_000_000);
    await file.close();
    const response = await fetch(await narUrl(damaged));
    expect(response.status).toBe(200);
    await expect(response.arrayBuffer()).rejects.toThrow('terminated');
    expect(faults.at(-1)).toContain(`${damaged} is damaged: the database says`);
    expect((await fetchOn(damaged)).code).toBe(1);
    expect(await isOnClient(damaged)).toBe(false);
  });

  it('that have vanished from the disk are a miss', async () => {
    const vanished = await add('vanished', 'soon gone');
    const url = await narUrl(vanished);
    await runProcess(['rm', '-rf', vanished]);
    expect((await fetch(url)).status).toBe(404);
    expect(faults.at(-1)).toContain('is not there');
  });

  it('cannot be collected while they are sent, but afterwards', async () => {
    const kept = await build('kept', 'dd if=/dev/urandom of=$out bs=1M count=40');
    const [response] = (await once(httpGet(await narUrl(kept)), 'response')) as [IncomingMessage];
    // In a world where the collector cannot see that we have the file open, which would keep it too.
    const unseen = ['unshare', '--pid', '--fork', '--mount-proc'] as const;
    const refused = await runProcess([...unseen, 'nix-store', '--delete', kept], { okCodes: [0, 1] });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('still alive');
    expect((await buffer(response)).length).toBeGreaterThan(40 << 20);
    await expect
      .poll(async () => (await runProcess(['nix-store', '--delete', kept], { okCodes: [0, 1] })).code, {
        timeout: 20_000,
      })
      .toBe(0);
  });

  it('are sent to many at once', async () => {
    const from = await narUrl(big);
    const expected = createHash('sha256')
      .update(Buffer.from(await (await fetch(from)).arrayBuffer()))
      .digest('hex');
    const hashes = await Promise.all(
      Array.from({ length: 24 }, async () => {
        const digest = createHash('sha256');
        for await (const chunk of (await fetch(from)).body!) digest.update(chunk);
        return digest.digest('hex');
      }),
    );
    expect(new Set(hashes)).toEqual(new Set([expected]));
  });

  it('leave no file open when their clients vanish', async () => {
    const from = await narUrl(big);
    const responses = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const [response] = (await once(httpGet(from, { agent: false }), 'response')) as [IncomingMessage];
        return response;
      }),
    );
    expect(await openStoreFiles()).toContain(big);
    for (const response of responses) response.destroy();
    await expect.poll(openStoreFiles, { timeout: 20_000 }).toEqual([]);
  });
});

/** Files of the store that this process, which is the server's, has open. */
async function openStoreFiles(): Promise<string[]> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links.filter((link) => link.startsWith('/nix/store/'));
}

describe('listings and logs', () => {
  it('list what nix lists, and where it is in the NAR', async () => {
    const text = await (await fetch(`${server.url}/${storePathHash(linked)}.ls`)).text();
    const listing = JSON.parse(text);
    const nar = Buffer.from(await (await fetch(await narUrl(linked))).arrayBuffer());
    await writeFile('/nix/var/linked.nar', nar);
    const { stdout } = await nix('nar', 'ls', '--json', '--recursive', '/nix/var/linked.nar', '/');
    expect(listing).toEqual({ version: 1, root: JSON.parse(stdout) });
    const { narOffset, size } = listing.root.entries.uses;
    expect(nar.subarray(narOffset, narOffset + size).toString()).toBe(`${plain}\n`);
  });

  it('give the log of a build', async () => {
    const { stdout: drv } = await runProcess(['nix-store', '--query', '--deriver', plain]);
    const name = storePathBaseName(parseStorePath(drv.trim()));
    const response = await fetch(`${server.url}/log/${name}`);
    expect(await response.text()).toBe('plain\n');
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect((await fetch(`${server.url}/log/${name.replace('plain', 'other')}`)).status).toBe(404);
  });
});

describe('startCacheServer', () => {
  it('refuses keys that cannot work', async () => {
    await expect(start([])).rejects.toMatchObject({ code: 'cache.no-key' });
    await expect(start([key, key])).rejects.toMatchObject({ code: 'cache.duplicate-key' });
  });

  it('says that its port is taken', async () => {
    const { port } = server.address;
    await expect(
      startCacheServer({ store, database, keys: [key], host: '0.0.0.0', port }),
    ).rejects.toMatchObject({
      code: 'cache.listen',
      message: expect.stringMatching(new RegExp(`^cannot listen on 0.0.0.0 port ${port}: .*EADDRINUSE`)),
    });
  });

  it('closes all its connections when it is disposed of', async () => {
    const short = await start([key]);
    const from = (await narUrl(big)).replace(server.url, short.url);
    const [response] = (await once(httpGet(from), 'response')) as [IncomingMessage];
    await short[Symbol.asyncDispose]();
    await expect(buffer(response)).rejects.toThrow('aborted');
    await expect(fetch(`${short.url}/nix-cache-info`)).rejects.toThrow('fetch failed');
    await expect.poll(openStoreFiles, { timeout: 20_000 }).toEqual([]);
  });
});
