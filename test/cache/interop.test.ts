/** What clients of this Nix can do with our cache; `npm run test:cache-interop` runs it with every version there is. */

import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExtras } from '../../src/cache/extras/create-extras.ts';
import { type CacheServer, startCacheServer } from '../../src/cache/start-cache-server.ts';
import { printPublicKey } from '../../src/nix/public-key.ts';
import { generateSecretKey, printSecretKey } from '../../src/nix/signing-key.ts';
import { parseStorePath, type StorePath, storePathHash } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { openStoreDatabase, type StoreDatabase } from '../../src/store/store-database.ts';
import { createLab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';
import { buildPath } from './build-path.ts';
import { startCuttingProxy } from './cutting-proxy.ts';

const key = generateSecretKey('lab-cache-1');
const keyFile = '/nix/var/interop.secret';
const stack = new AsyncDisposableStack();
let store: Store;
let database: StoreDatabase;
let server: CacheServer;
let client: LabHost;
let url: string;
let lib: StorePath;
let app: StorePath;

beforeAll(async () => {
  await writeFile(keyFile, printSecretKey(key), { mode: 0o600 });
  lib = await buildPath('lib', 'echo lib; echo lib > $out');
  app = await buildPath('app', `mkdir $out; echo ${lib} > $out/uses`, [lib]);
  store = stack.use(await openStore({ type: 'local' }));
  database = stack.use(await openStoreDatabase());
  server = stack.use(await start(database));
  const lab = stack.use(await createLab({ defaults: { nixConf: { 'require-sigs': 'true' } } }));
  client = await lab.addHost('client');
  url = urlOf(server);
});
afterAll(() => stack.disposeAsync());

function start(of: Parameters<typeof startCacheServer>[0]['database']): Promise<CacheServer> {
  const keys = [key];
  const extras = createExtras({ database, keys });
  return startCacheServer({ store, database: of, keys, extras, host: '0.0.0.0', port: 0 });
}
const urlOf = ({ address }: { readonly address: { readonly port: number } }): string =>
  `http://${client.controlAddress}:${address.port}`;

/** Runs a command of Nix on the client, with nothing remembered from before. */
function onClient(
  command: readonly string[],
  options: {
    readonly from?: readonly string[];
    readonly keys?: string;
    readonly more?: readonly string[];
  } = {},
) {
  const settings = [
    `substituters = ${(options.from ?? [url]).join(' ')}`,
    `trusted-public-keys = ${options.keys ?? printPublicKey(key.publicKey)}`,
    'narinfo-cache-negative-ttl = 0',
    'narinfo-cache-positive-ttl = 0',
    ...(options.more ?? []),
  ];
  return client.exec(['env', `NIX_CONFIG=${settings.join('\n')}`, ...command], {
    okCodes: [0, 1, 2, 100, 101, 102],
    timeoutMs: 90_000,
  });
}
const nix = ['nix', '--extra-experimental-features', 'nix-command'] as const;
const isOnClient = async (path: StorePath): Promise<boolean> =>
  (await client.exec(['nix-store', '--check-validity', path], { okCodes: [0, 1] })).code === 0;
const expectTaken = async (result: { readonly code: number; readonly stderr: string }, path: StorePath) => {
  expect(result).toMatchObject({ code: 0 });
  await client.exec(['nix-store', '--verify-path', path]);
};

describe('a client', () => {
  it('asks for a closure without taking it', async () => {
    const { code, stdout } = await onClient([...nix, 'path-info', '--recursive', '--store', url, app]);
    expect([
      code,
      new Set(
        stdout
          .trim()
          .split('\n')
          .map((line) => line.split(/\s/)[0]),
      ),
    ]).toEqual([0, new Set([app, lib])]);
  });

  it('substitutes a closure', async () => {
    await expectTaken(await onClient(['nix-store', '--realise', app]), app);
    expect(await isOnClient(lib)).toBe(true);
  });

  it('copies a closure from it', async () => {
    const copied = await buildPath('copied', `echo ${app} > $out`, [app]);
    await expectTaken(await onClient([...nix, 'copy', '--from', url, copied]), copied);
    expect(await isOnClient(app)).toBe(true);
  });

  it('goes on where a connection was cut', async () => {
    const big = await buildPath('big', 'dd if=/dev/urandom of=$out bs=1M count=24');
    await using proxy = await startCuttingProxy(server.address.port, 5_000_000);
    const from = [`http://${client.controlAddress}:${proxy.port}`];
    await expectTaken(await onClient(['nix-store', '--realise', big], { from }), big);
    expect([proxy.cuts, proxy.ranges]).toEqual([1, [expect.stringMatching(/^bytes=[1-9]\d*-$/)]]);
  });

  it.each([
    ['knows of nothing', () => 404],
    ['has lost the NAR', (path: string) => (path.endsWith('.nar') ? 404 : undefined)],
  ])('falls over to the next cache when one %s', async (_what, statusOf) => {
    const path = await buildPath(`fallen-${statusOf.length}`, `echo ${statusOf.length} > $out`);
    const asked: string[] = [];
    const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
      asked.push(req.url ?? '');
      const status = req.url === '/nix-cache-info' ? undefined : statusOf(req.url ?? '');
      if (status !== undefined) {
        res.writeHead(status).end();
        return;
      }
      const answer = await fetch(server.url + req.url);
      res.writeHead(answer.status).end((await answer.text()).replace('Priority: 30', 'Priority: 1'));
    };
    const broken = createServer((req, res) => void answer(req, res));
    await new Promise<void>((resolve) => broken.listen(0, '0.0.0.0', resolve));
    const { port } = broken.address() as { readonly port: number }; // it listens on TCP
    const result = await onClient(['nix-store', '--realise', path], {
      from: [`http://${client.controlAddress}:${port}`, url],
    });
    broken.closeAllConnections();
    broken.close();
    await expectTaken(result, path);
    expect(asked).toContain(`/${storePathHash(path)}.narinfo`);
  });

  it('sees a fault of the cache as a miss, and takes the path from the next', async () => {
    const path = await buildPath('faulty', 'echo faulty > $out');
    await using faulty = await start({
      dataVersion: () => database.dataVersion(),
      newestId: () => database.newestId(),
      hashPartsAfter: (id, limit) => database.hashPartsAfter(id, limit),
      lookupPath: (path) => database.lookupPath(path),
      lookupHashPart: () => {
        throw new Error('database is locked');
      },
    });
    const result = await onClient(['nix-store', '--realise', path], { from: [urlOf(faulty), url] });
    await expectTaken(result, path);
    expect(faulty.counters.faults).toBeGreaterThan(0);
    expect(result.stderr).not.toMatch(/HTTP error 5|database is locked/);
  });

  it('fetches the log of a build', async () => {
    const { stdout: drv } = await runProcess(['nix-store', '--query', '--deriver', lib]);
    const { code, stdout } = await onClient([...nix, 'log', '--store', url, drv.trim()]);
    expect([code, stdout]).toEqual([0, 'lib\n']);
  });
});

describe('content-addressed paths', () => {
  const untrusted = printPublicKey(generateSecretKey('somebody-else-1').publicKey);

  it('need no signature', async () => {
    await writeFile('/nix/var/plain-file', 'content');
    const { stdout } = await runProcess(['nix-store', '--add', '/nix/var/plain-file']);
    const path = parseStorePath(stdout.trim());
    await expectTaken(await onClient(['nix-store', '--realise', path], { keys: untrusted }), path);
    expect((await onClient(['nix-store', '--realise', app], { keys: untrusted })).code).toBe(0);
  });

  it('of content-addressed derivations are found by what the cache knows of their outputs', async () => {
    const features = 'experimental-features = nix-command ca-derivations';
    const expression = (text: string): string => `derivation {
      name = "floating"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo ${text} > $out" ];
      __contentAddressed = true; outputHashMode = "recursive"; outputHashAlgo = "sha256";
    }`;
    const build = ['nix-build', '--no-out-link', '-E', expression('floating')] as const;
    const here = await runProcess([...build, '--option', 'secret-key-files', keyFile], {
      env: { ...process.env, NIX_CONFIG: features },
    });
    const path = parseStorePath(here.stdout.trim());
    const result = await onClient(build, { more: [features, 'max-jobs = 0'] });
    expect(result).toMatchObject({ code: 0, stdout: `${path}\n` });

    const known = realisationInStore(path);
    const response = await fetch(`${server.url}/${known.url}`);
    const ours = (await response.json()) as { readonly signatures: readonly unknown[] };
    // Nix signed it when it was built here; ours replaces that, and is the same.
    expect(ours.signatures.map(signatureText)).toEqual(known.signatures);
    expect(known.signatures).toEqual([expect.stringMatching(/^lab-cache-1:/)]);
  });
});

/** What Nix itself has written down of an output, and where our cache tells it. */
function realisationInStore(path: StorePath): { readonly url: string; readonly signatures: string[] } {
  const direct = new DatabaseSync('/nix/var/nix/db/db.sqlite', { readOnly: true });
  const tables = direct.prepare("select name from sqlite_master where type = 'table'").all();
  const row = tables.some(({ name }) => name === 'BuildTraceV3')
    ? direct
        .prepare(
          `select 'build-trace-v2/' || drvPath || '/' || outputName || '.doi' url, signatures
           from BuildTraceV3 where outputPath in (?, ?)`,
        )
        .get(path, path.slice('/nix/store/'.length))
    : direct
        .prepare(
          `select 'realisations/' || drvPath || '!' || outputName || '.doi' url, signatures
           from Realisations r join ValidPaths v on r.outputPath = v.id where v.path = ?`,
        )
        .get(path);
  direct.close();
  return { url: String(row?.url), signatures: String(row?.signatures).split(' ') };
}

/** Newer versions write a signature in two fields. */
function signatureText(signature: unknown): string {
  if (typeof signature === 'string') return signature;
  const { keyName, sig } = signature as { readonly keyName: string; readonly sig: string }; // our own JSON
  return `${keyName}:${sig}`;
}

describe('signatures', () => {
  it('are those of Nix, bit for bit', async () => {
    const paths = [app, lib, await buildPath('refs-itself', 'echo $out > $out')];
    await runProcess([...nix, 'store', 'sign', '--key-file', keyFile, ...paths]);
    for (const path of paths) {
      const theirs = database.lookupPath(path)?.signatures;
      const text = await (await fetch(`${server.url}/${storePathHash(path)}.narinfo`)).text();
      const ours = [...text.matchAll(/^Sig: (.*)$/gm)].map(([, signature]) => signature);
      expect(theirs).toEqual([expect.stringMatching(/^lab-cache-1:/)]);
      expect(ours).toEqual(theirs);
    }
  });

  it('and NARs are accepted by store verify', async () => {
    const { code } = await onClient([...nix, 'store', 'verify', '--recursive', '--store', url, app]);
    expect(code).toBe(0);
  });
});
