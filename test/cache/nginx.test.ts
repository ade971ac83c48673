import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExtras } from '../../src/cache/extras/create-extras.ts';
import { type CacheServer, startCacheServer } from '../../src/cache/start-cache-server.ts';
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
let server: CacheServer;
let client: LabHost;
let base: string;
let ca: string;
let app: StorePath;
let arm: StorePath;
let big: StorePath;

beforeAll(async () => {
  const lib = await buildPath('lib', 'echo lib > $out');
  app = await buildPath('app', `mkdir $out; echo ${lib} > $out/uses`, [lib]);
  arm = await buildPath('arm', 'echo arm > $out', [], {
    system: 'aarch64-linux',
    nixArguments: ['--option', 'extra-platforms', 'aarch64-linux'],
  });
  big = await buildPath('big', 'dd if=/dev/urandom of=$out bs=1M count=32');
  const store = stack.use(await openStore({ type: 'local' }));
  const database = stack.use(await openStoreDatabase());
  const keys = [key];
  const extras = createExtras({ database, keys });
  server = await startCacheServer({ store, database, keys, extras, host: '127.0.0.1', port: 0 });
  const lab = stack.use(await createLab({ defaults: { nixConf: { 'require-sigs': 'true' } } }));
  client = await lab.addHost('client');
  const folder = await mkdtemp('/nix/var/nginx.');
  stack.defer(() => rm(folder, { recursive: true }));
  const files = await makeCertificate(folder, client.controlAddress);
  ca = files.ca;
  const { stdout } = await proteus([
    ...['cache', 'nginx', '--tls-cert', files.certificate, '--tls-key', files.key],
    ...['--upstream', `127.0.0.1:${server.address.port}`, '--files', folder],
  ]);
  stack.use(await startNginx(folder, stdout, 443));
  base = `https://${client.controlAddress}`;
  await copyFile(ca, client.path('/root/ca.pem'));
});
afterAll(() => stack.disposeAsync());

const curl = async (url: string, ...args: readonly string[]): Promise<string> =>
  (await runProcess(['curl', '-sS', '--cacert', ca, ...args, `${base}${url}`])).stdout;
const status = (url: string, ...args: readonly string[]): Promise<string> =>
  curl(url, '-o', '/dev/null', '-w', '%{http_code} %{http_version}', ...args);
const nar = async (path: StorePath): Promise<string> =>
  `/${/^URL: (.*)$/m.exec(await curl(`/${storePathHash(path)}.narinfo`))?.[1]}`;

describe('behind the nginx that is printed', () => {
  it.each([
    ['a closure', () => app],
    ['a path of aarch64-linux', () => arm],
    ['a large path', () => big],
  ])('a client substitutes %s over TLS', async (_what, path) => {
    const config = [
      `substituters = ${base}`,
      `trusted-public-keys = ${printPublicKey(key.publicKey)}`,
      'extra-platforms = aarch64-linux',
    ].join('\n');
    await client.exec(
      ['env', `NIX_CONFIG=${config}`, 'NIX_SSL_CERT_FILE=/root/ca.pem', 'nix-store', '--realise', path()],
      { timeoutMs: 60_000 },
    );
    expect((await client.exec(['nix-store', '--verify-path', path()])).code).toBe(0);
  });

  it('speaks HTTP/2, and leaves lengths, ranges and what caches are told as they are', async () => {
    const url = await nar(big);
    const head = await curl(url, '--head');
    expect(head).toMatch(/^HTTP\/2 200/);
    expect(head).toMatch(/^content-length: 33554544/im);
    expect(head).toMatch(/^cache-control: public, max-age=31536000, immutable/im);
    expect(head).toMatch(/^etag: "/im);
    expect(head).not.toMatch(/^content-encoding/im);
    expect(await status(url, '--range', '1000-')).toBe('206 2');
    const part = await curl(url, '--range', '0-7', '--output', '-');
    expect(part).toBe('\r\0\0\0\0\0\0\0');
  });

  it('tells its own address over TLS', async () => {
    const said = JSON.parse(await curl('/trust?json')) as { readonly url: string };
    expect(said.url).toBe(base);
  });

  it('lets nobody at stored files directly, and uploads of any size through', async () => {
    expect(await status('/_nar/nginx.conf')).toBe('404 2');
    await runProcess(['dd', 'if=/dev/zero', 'of=/nix/var/upload', 'bs=1M', 'count=8']);
    // The cache here takes no uploads, and says so; nginx by itself would say 413.
    expect(await status('/nar/x.nar', '--upload-file', '/nix/var/upload')).toBe('404 2');
  });

  it('sends plain HTTP to TLS', async () => {
    const { stdout } = await runProcess([
      ...(['curl', '-sS', '-o', '/dev/null', '-w', '%{redirect_url}'] as const),
      `http://${client.controlAddress}/nix-cache-info`,
    ]);
    expect(stdout).toBe(`${base}/nix-cache-info`);
  });

  it('makes a miss of a cache that is away, never an error', async () => {
    await server[Symbol.asyncDispose]();
    expect(await status(`/${storePathHash(app)}.narinfo`)).toBe('404 2');
    expect(await curl(`/${storePathHash(app)}.narinfo`, '--head')).toMatch(/^cache-control: no-store/im);
    expect(await status('/nix-cache-info')).toBe('502 2');
  });
});
