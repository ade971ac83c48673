import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExtras } from '../../src/cache/extras/create-extras.ts';
import { type CacheServer, startCacheServer } from '../../src/cache/start-cache-server.ts';
import { printPublicKey } from '../../src/nix/public-key.ts';
import { generateSecretKey } from '../../src/nix/signing-key.ts';
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
import { buildPath } from './build-path.ts';

const buildId = '0123456789abcdef0123456789abcdef01234567';
const key = generateSecretKey('lab-cache-1');
let store: Store;
let database: StoreDatabase;
let server: CacheServer;
let lib: StorePath;
let app: StorePath;
let debug: StorePath;

beforeAll(async () => {
  lib = await buildPath('lib', 'mkdir -p $out/share; echo from lib > $out/share/text');
  app = await buildPath(
    'app',
    `mkdir -p $out/bin "$out/a b"
     echo '<script>alert(1)</script>' > $out/page.html
     echo x > "$out/a b/<b>&.txt"
     printf '\\001\\000' > $out/bin/blob
     printf '#!/bin/sh\\necho ü\\n' > $out/bin/run; chmod +x $out/bin/run
     ln -s ${lib}/share/text $out/to-lib
     ln -s bin/run $out/near
     ln -s /etc/passwd $out/out-of-store`,
    [lib],
  );
  debug = await buildDebug();
  store = await openStore({ type: 'local' });
  database = await openStoreDatabase();
  server = await startCacheServer({
    store,
    database,
    keys: [key],
    host: '127.0.0.1',
    port: 0,
    extras: createExtras({ database, keys: [key] }),
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  database[Symbol.dispose]();
  await store[Symbol.asyncDispose]();
});

function buildDebug(): Promise<StorePath> {
  const folder = `lib/debug/.build-id/${buildId.slice(0, 2)}`;
  return buildPath(
    'app-debug',
    `mkdir -p $out/${folder}; echo dwarf > $out/${folder}/${buildId.slice(2)}.debug`,
  );
}

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(server.url + path, { headers, redirect: 'manual' });
const serve = (path: StorePath, rest = '') => `/serve/${storePathHash(path)}${rest}`;

describe('browsing', () => {
  it('shows a folder as a page of links that lead back to its files', async () => {
    const response = await get(serve(app, '/'));
    const page = await response.text();
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const links = [...page.matchAll(/href="([^"]+)"/g)].map(([, href]) => href!);
    expect(links).toEqual([...['./a%20b/', './bin/', './near', './out-of-store', './page.html', './to-lib']]);
    const inner = await (await get(serve(app, '/a%20b/'))).text();
    expect(inner).toContain('&lt;b&gt;&amp;.txt');
    expect(inner).not.toContain('<b>&');
    const href = /href="\.\/([^"]+)"/.exec(inner)?.[1];
    expect(await (await get(serve(app, `/a%20b/${href}`))).text()).toBe('x\n');
  });

  it('leads from a folder without a slash to the one with it, and nowhere else', async () => {
    for (const [url, location] of [
      [serve(app), `./${storePathHash(app)}/`],
      [serve(app, '/bin'), './bin/'],
    ] as const) {
      const response = await get(url);
      expect([response.status, response.headers.get('location')]).toEqual([302, location]);
    }
  });

  it('lists a folder as JSON', async () => {
    const response = await get(serve(app, '/bin'), { Accept: 'application/json' });
    expect(await response.json()).toEqual({
      path: `${app}/bin`,
      entries: [
        { name: 'blob', type: 'regular', size: 2 },
        { name: 'run', type: 'regular', size: 18, executable: true },
      ],
    });
  });

  it.each([
    ['/page.html', 'text/html; charset=utf-8'],
    ['/bin/run', 'text/plain; charset=utf-8'],
    ['/bin/blob', 'application/octet-stream'],
    ['/to-lib', 'text/plain; charset=utf-8'],
  ])('serves %s as %s, without power over this origin', async (file, type) => {
    const response = await get(serve(app, file));
    expect(Buffer.from(await response.arrayBuffer())).toEqual(await readFile(`${app}${file}`));
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.headers.get('content-security-policy')).toContain('sandbox');
    expect(response.headers.get('content-security-policy')).not.toContain('allow');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('serves a part, and nothing to who has it', async () => {
    const response = await get(serve(app, '/bin/run'), { Range: 'bytes=2-8' });
    expect([response.status, await response.text()]).toEqual([206, '/bin/sh']);
    expect(response.headers.get('content-range')).toBe('bytes 2-8/18');
    const etag = response.headers.get('etag')!;
    expect((await get(serve(app, '/bin/run'), { 'If-None-Match': etag })).status).toBe(304);
    expect((await get(serve(app, '/bin/run'), { Range: 'bytes=99-' })).status).toBe(416);
    const head = await fetch(server.url + serve(app, '/bin/run'), { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe('18');
  });

  it.each(['/out-of-store', '/nowhere', '/bin/run/', '/..%2f', '/%2e%2e/x'])('has no %s', async (file) => {
    expect((await get(serve(app, file))).status).toBe(404);
  });

  it('has nothing of a path that is not valid, though it is on disk', async () => {
    const gone = parseStorePath(`/nix/store/${'0'.repeat(32)}-left-over`);
    await mkdir(gone);
    await writeFile(`${gone}/file`, 'secret');
    expect((await get(serve(gone, '/file'))).status).toBe(404);
  });
});

describe('debug information', () => {
  it('is found by build ID, in the NAR of the path that has it', async () => {
    const response = await get(`/debuginfo/${buildId}`);
    const { archive, member } = (await response.json()) as { archive: string; member: string };
    expect(member).toBe(`lib/debug/.build-id/01/${buildId.slice(2)}.debug`);
    const nar = await fetch(new URL(archive, `${server.url}/debuginfo/`));
    await writeFile('/nix/var/debug.nar', Buffer.from(await nar.arrayBuffer()));
    const { stdout } = await runProcess([
      ...(['nix', '--extra-experimental-features', 'nix-command', 'nar', 'cat'] as const),
      ...['/nix/var/debug.nar', `/${member}`],
    ]);
    expect(stdout).toBe('dwarf\n');
    expect((await get(`/debuginfo/${'f'.repeat(40)}`)).status).toBe(404);
  });

  it('is gone with its path, and there again with it', async () => {
    await deleteFromStore([debug]);
    expect((await get(`/debuginfo/${buildId}`)).status).toBe(404);
    expect(await buildDebug()).toBe(debug);
    expect((await get(`/debuginfo/${buildId}`)).status).toBe(200);
  });
});

describe('narinfos as JSON', () => {
  it('say what nix says of the path in this cache', async () => {
    const { stdout } = await runProcess([
      ...(['nix', '--extra-experimental-features', 'nix-command', 'path-info'] as const),
      ...['--json', '--store', server.url, app],
    ]);
    const said = JSON.parse(stdout) as unknown;
    const [theirs] = (Array.isArray(said) ? said : Object.values(said as object)) as [
      Record<string, unknown>,
    ];
    const ours = (await (await get(`/${storePathHash(app)}.narinfo?json`)).json()) as Record<string, unknown>;
    // Not every version says all of them.
    const shared = ['narHash', 'narSize', 'references', 'signatures', 'deriver', 'url'].filter(
      (name) => name in theirs,
    );
    const pick = (of: Record<string, unknown>) => Object.fromEntries(shared.map((name) => [name, of[name]]));
    expect(pick(ours)).toEqual(pick(theirs));
    expect(ours.path).toBe(app);
    expect((await get(`/${'0'.repeat(32)}.narinfo?json`)).status).toBe(404);
  });
});

describe('listings', () => {
  it('say what nix writes when it uploads', async () => {
    await runProcess([
      ...(['nix', '--extra-experimental-features', 'nix-command', 'copy'] as const),
      ...['--to', 'file:///nix/var/listed?write-nar-listing=1&compression=none', app],
    ]);
    const theirs = await readFile(`/nix/var/listed/${storePathHash(app)}.ls`, 'utf8');
    const ours = await (await get(`/${storePathHash(app)}.ls`)).text();
    expect(JSON.parse(ours)).toEqual(JSON.parse(theirs));
  });
});

describe('keys, trust and metrics', () => {
  const text = printPublicKey(key.publicKey);

  it('tells its public keys', async () => {
    expect(await (await get('/pubkey')).text()).toBe(`${text}\n`);
  });

  it('tells how to trust it, for people and for programs, with a path that proves it', async () => {
    const page = await (await get('/trust')).text();
    expect(page).toContain(`extra-substituters = ${server.url}\nextra-trusted-public-keys = ${text}`);
    expect(page).not.toMatch(/<script|<link|src=/);
    const said = (await (await get('/trust?json')).json()) as Record<string, unknown>;
    expect(said).toMatchObject({ url: server.url, publicKeys: [text] });
    const info = database.lookupPath(parseStorePath(String(said.path)));
    expect(info).toMatchObject({ signatures: [], contentAddress: '' });
    expect(said.proof).toContain(`--store ${server.url} ${String(said.path)}`);
  });

  it('says https when a proxy in front says so, and takes no nonsense for an address', async () => {
    const secure = await (await get('/trust?json', { 'X-Forwarded-Proto': 'https' })).json();
    expect(secure).toMatchObject({ url: server.url.replace('http:', 'https:') });
  });

  it('counts for Prometheus', async () => {
    const before = server.counters.narinfoHits;
    await get(`/${storePathHash(app)}.narinfo`);
    const response = await get('/metrics');
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await response.text()).toContain(`\nproteus_cache_narinfo_hits_total ${before + 1}\n`);
  });
});

describe('realisations', () => {
  it('that nobody made are not there', async () => {
    const drvHash = createHash('sha256').update('x').digest('hex');
    expect((await get(`/realisations/sha256:${drvHash}!out.doi`)).status).toBe(404);
    expect((await get(`/build-trace-v2/${storePathBaseName(app)}.drv/out.doi`)).status).toBe(404);
  });
});
