import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFileBlobs } from '../../src/blobs/file/open-file-blobs.ts';
import { createCacheHandler } from '../../src/cache/create-cache-handler.ts';
import { createDumpPool } from '../../src/cache/live/create-dump-pool.ts';
import { createLivePathSource } from '../../src/cache/live/live-path-source.ts';
import { openStoredMain, type StoredMain } from '../../src/cache/stored/open-stored-main.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { printPublicKey } from '../../src/nix/public-key.ts';
import { generateSecretKey } from '../../src/nix/signing-key.ts';
import { type StorePath, storePathHash } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { openStore } from '../../src/store/open-store.ts';
import { openStoreDatabase } from '../../src/store/store-database.ts';
import { proteus } from '../helpers/proteus.ts';
import { createLab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';
import { buildPath } from './build-path.ts';
import { makeCertificate, startNginx } from './start-nginx.ts';

const key = generateSecretKey('lab-cache-1');
const stack = new AsyncDisposableStack();
let client: LabHost;
let base: string;
let ca: string;
let stored: StoredMain;
let path24: StorePath;
/** What reached the cache through nginx, and with how many bytes it answered. */
const seen: { readonly url: string; readonly bytes: number }[] = [];

beforeAll(async () => {
  path24 = await buildPath('big', 'dd if=/dev/urandom of=$out bs=1M count=24');
  const folder = await mkdtemp('/nix/var/nginx-stored.');
  stack.defer(() => rm(folder, { recursive: true }));
  // The user of nginx must get to the files.
  await chmod(folder, 0o755);
  const store = stack.use(await openStore({ type: 'local' }));
  const storeDatabase = stack.use(await openStoreDatabase());
  const database = stack.use(await openDatabase(`${folder}/proteus.db`, { now: Date.now }));
  const blobs = stack.use(await openFileBlobs(`${folder}/nars`));
  const pool = stack.use(createDumpPool());
  const dump = (info: Parameters<typeof pool.dump>[0]) => pool.dumpShared(info);
  stored = stack.use(
    await openStoredMain({
      blobs,
      database,
      store,
      storeDatabase,
      live: createLivePathSource(storeDatabase),
      dump,
      accel: '/_nar/',
      onFault: () => {},
      now: Date.now,
    }),
  );
  stored.materialiser.want([path24], 'built');
  await stored.materialiser.idle();
  const handler = createCacheHandler({
    source: stored.source,
    stored: stored.serving,
    store,
    keys: [key],
    dump: (info, range) => pool.dump(info, range),
  });
  const http = createServer((req, res) => {
    res.on('close', () => seen.push({ url: req.url ?? '', bytes: res.socket?.bytesWritten ?? 0 }));
    if (!handler.tryServe(req, res)) res.writeHead(404).end();
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  stack.defer(async () => {
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });
  const { port } = http.address() as { readonly port: number }; // it listens on TCP

  const lab = stack.use(await createLab({ defaults: { nixConf: { 'require-sigs': 'true' } } }));
  client = await lab.addHost('client');
  const files = await makeCertificate(folder, client.controlAddress);
  ca = files.ca;
  const { stdout } = await proteus([
    ...['cache', 'nginx', '--tls-cert', files.certificate, '--tls-key', files.key],
    ...['--upstream', `127.0.0.1:${port}`, '--files', `${folder}/nars/nar`],
  ]);
  stack.use(await startNginx(folder, stdout, 443));
  base = `https://${client.controlAddress}`;
  await runProcess(['cp', ca, client.path('/root/ca.pem')]);
});
afterAll(() => stack.disposeAsync());

const curl = async (...args: readonly string[]): Promise<string> =>
  (await runProcess(['curl', '-sS', '--cacert', ca, ...args])).stdout;

describe('stored NARs behind the nginx that is printed', () => {
  it('are sent by nginx itself, and substituted by a real client', async () => {
    const config = [`substituters = ${base}`, `trusted-public-keys = ${printPublicKey(key.publicKey)}`].join(
      '\n',
    );
    const command = ['nix-store', '--realise', path24];
    await client.exec(['env', `NIX_CONFIG=${config}`, 'NIX_SSL_CERT_FILE=/root/ca.pem', ...command]);
    await client.exec(['nix-store', '--verify-path', path24]);

    const nar = seen.find(({ url }) => url.startsWith('/nar/'));
    expect(nar?.url).toMatch(/^\/nar\/[0-9a-z]{52}\.nar/);
    // Headers only: 24 MiB went past it.
    expect(nar?.bytes).toBeLessThan(20_000);
  });

  it('have their length, their ranges, and may be kept for ever', async () => {
    const narinfo = await curl(`${base}/${storePathHash(path24)}.narinfo`);
    const [, url] = /^URL: (.*)$/m.exec(narinfo) ?? [];
    const [, size] = /^FileSize: (.*)$/m.exec(narinfo) ?? [];
    const head = await curl('--head', `${base}/${url}`);
    expect(head).toMatch(/^HTTP\/2 200/);
    expect(head.toLowerCase()).toContain(`content-length: ${size}\r`);
    expect(head).toMatch(/^cache-control: public, max-age=31536000, immutable/im);
    expect(head).not.toMatch(/^x-accel|^content-encoding/im);
    const part = await curl(
      '--range',
      '10-19',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code} %{size_download}',
      `${base}/${url}`,
    );
    expect(part).toBe('206 10');
  });

  it('cannot be asked for under the folder of nginx', async () => {
    const narinfo = await curl(`${base}/${storePathHash(path24)}.narinfo`);
    const name = /^URL: nar\/(.*)$/m.exec(narinfo)?.[1] ?? '';
    const key = `${name.slice(0, 2)}/${name}`;
    for (const url of [`/_nar/${key}`, '/_nar/', `/_nar/../_nar/${key}`]) {
      expect(await curl('--path-as-is', '-o', '/dev/null', '-w', '%{http_code}', base + url)).toBe('404');
    }
  });
});
