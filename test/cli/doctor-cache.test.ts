import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Check } from '../../src/cli/doctor/check.ts';
import { printPublicKey } from '../../src/nix/public-key.ts';
import { generateSecretKey } from '../../src/nix/signing-key.ts';
import type { StorePath } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { buildPath } from '../cache/build-path.ts';
import { parseEvents } from '../helpers/proteus.ts';
import { serveCache, type TestCache } from '../helpers/serve-cache.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { checkoutOnHost, type LabHost } from '../lab/lab-host.ts';

const program = `${checkoutOnHost}/bin/proteus`;
const stack = new AsyncDisposableStack();
const other = printPublicKey(generateSecretKey('lab-cache-1').publicKey);
let cache: TestCache;
let lab: Lab;
let served: StorePath;
let hosts = 0;

beforeAll(async () => {
  served = await buildPath('served', 'echo served > $out');
  cache = stack.use(await serveCache());
  lab = stack.use(await createLab({ defaults: { nixConf: { 'require-sigs': 'true' } } }));
});
afterAll(() => stack.disposeAsync());

/** A host whose nix.conf has these lines, and how it reaches the cache. */
async function client(conf: (url: string) => Record<string, string>, daemon = false) {
  const host = await lab.addHost(`client${++hosts}`, { daemon });
  const url = `http://${host.controlAddress}:${cache.port}`;
  await host.setNixConf(conf(url));
  return { host, url };
}

const nobody = [
  'setpriv',
  '--reuid=65534',
  '--regid=65534',
  '--clear-groups',
  'env',
  'HOME=/tmp/nobody',
] as const;

async function examine(
  host: LabHost,
  args: readonly string[],
  as: readonly string[] = [],
): Promise<readonly Check[]> {
  const { stdout } = await host.exec(
    [...(as as typeof nobody), 'env', program, 'doctor', '--json', ...args],
    { okCodes: [0, 1], timeoutMs: 60_000 },
  );
  return (parseEvents(stdout).at(-1)?.checks ?? []) as readonly Check[]; // the result, by contract
}

const bad = (checks: readonly Check[]): readonly Check[] => checks.filter(({ status }) => status !== 'ok');
const named = (checks: readonly Check[], name: string): Check | undefined =>
  checks.find((check) => check.name === name);

async function realise(host: LabHost, target: StorePath) {
  const { code, stderr } = await host.exec(
    ['nix-store', '--realise', target, '--option', 'narinfo-cache-positive-ttl', '0'],
    { okCodes: [0, 1], timeoutMs: 60_000 },
  );
  return { code, stderr };
}

const trusting = (key: string) => (url: string) => ({ substituters: url, 'trusted-public-keys': key });

describe('proteus doctor --cache', () => {
  it('finds that all is well, where a client really takes what the cache has', async () => {
    const { host, url } = await client((address) => trusting(cache.publicKey)(`${address}/?priority=7`));
    const checks = await examine(host, ['--cache', `${url}/`, served]);
    expect(bad(checks)).toEqual([]);
    expect(named(checks, `path ${served}`)?.detail).toBe(
      'is there, and signed by lab-cache-1, which is trusted',
    );
    expect((await realise(host, served)).code).toBe(0);
  });

  it('finds a key that is not trusted, and what it says to type mends it', async () => {
    const { host, url } = await client(trusting('elsewhere-1:joJTYbc3EVonYyzyr4or+CCr+BGLe5lRRcsDC87Zee4='));
    const before = await realise(host, served);
    const checks = await examine(host, ['--cache', url]);
    expect(before.code).toBe(1);
    expect(bad(checks).map(({ name }) => name)).toEqual(['key lab-cache-1', `path ${served}`]);
    const line = /extra-trusted-public-keys = \S+$/.exec(named(checks, 'key lab-cache-1')?.mend ?? '')?.[0];
    await appendFile(host.path('/etc/nix/nix.conf'), `${line}\n`);
    expect((await realise(host, served)).code).toBe(0);
  });

  it('finds another key of the same name', async () => {
    const { host, url } = await client(trusting(other));
    const { code, stderr } = await realise(host, served);
    const checks = await examine(host, ['--cache', url, served]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/not signed by any of the keys|lacks a/)]);
    expect(named(checks, 'key lab-cache-1')).toMatchObject({
      status: 'problem',
      detail: expect.stringContaining(`nix.conf has ${other}, the cache has ${cache.publicKey}`),
      mend: expect.stringContaining(`put ${cache.publicKey} in its place`),
    });
    expect(named(checks, `path ${served}`)?.detail).toContain('not with the key that is trusted');
  });

  it('finds two keys of one name, where only the first counts', async () => {
    const { host, url } = await client(trusting(`${other} ${cache.publicKey}`));
    const checks = await examine(host, ['--cache', url, served]);
    expect((await realise(host, served)).code).toBe(1);
    expect(named(checks, 'trusted keys')).toMatchObject({
      status: 'problem',
      detail: expect.stringContaining(`uses only ${other}`),
    });
    await host.setNixConf({ 'trusted-public-keys': `${cache.publicKey} ${other}` });
    expect((await realise(host, served)).code).toBe(0);
  });

  it('finds that signatures are not looked at, and that nobody asks the cache', async () => {
    const { host, url } = await client(() => ({ 'require-sigs': 'false', 'trusted-public-keys': 'rubbish' }));
    const checks = await examine(host, ['--cache', url, served]);
    expect(named(checks, 'require-sigs')).toMatchObject({ status: 'warning' });
    expect(named(checks, 'trusted keys')?.detail).toContain('"rubbish" in trusted-public-keys is no key');
    expect(named(checks, 'substituters')).toMatchObject({
      status: 'problem',
      mend: `add to /etc/nix/nix.conf: extra-substituters = ${url}`,
    });
  });

  it('finds what Nix remembers, and what it says to type makes Nix forget it', async () => {
    const { host, url } = await client(trusting(cache.publicKey));
    const script = 'echo late > $out';
    const late = await buildPath('late', script);
    await runProcess(['nix-store', '--delete', late]);
    expect((await realise(host, late)).code).toBe(1);
    expect(await buildPath('late', script)).toBe(late);

    const checks = await examine(host, ['--cache', url, late]);
    const stale = await realise(host, late);

    expect(stale.code).toBe(1);
    expect(bad(checks)).toMatchObject([
      {
        name: 'client cache',
        detail: expect.stringMatching(/^remembers for another \d+ min \d+ s that the cache does not have/),
      },
    ]);
    const [command] = /^rm \S+/.exec(bad(checks)[0]?.mend ?? '') ?? [''];
    await host.exec(command);
    expect((await realise(host, late)).code).toBe(0);
  });
});

describe('proteus doctor --cache behind a daemon', () => {
  const asNobody = async (host: LabHost, conf: string): Promise<void> => {
    await mkdir(host.path('/tmp/nobody/.config/nix'), { recursive: true });
    await writeFile(host.path('/tmp/nobody/.config/nix/nix.conf'), conf);
    await host.exec('chown -R 65534:65534 /tmp/nobody');
  };

  it('tells apart what the user says and what the daemon does', async () => {
    const { host, url } = await client(() => ({}), true);
    await asNobody(host, `extra-substituters = ${url}\nextra-trusted-public-keys = ${cache.publicKey}\n`);
    const checks = await examine(host, ['--cache', url, served], nobody);
    const { stderr } = await host.exec([...nobody, 'nix-store', '--realise', served], { okCodes: [0, 1] });
    expect(named(checks, 'settings')?.detail).toMatch(/does not trust this user.*environment cannot be seen/);
    expect(named(checks, 'substituters')).toMatchObject({
      status: 'problem',
      detail: expect.stringContaining('ignores that'),
      mend: expect.stringContaining('systemctl restart nix-daemon'),
    });
    expect(named(checks, 'key lab-cache-1')).toMatchObject({ status: 'problem' });
    expect(stderr).toMatch(/ignoring untrusted substituter|cannot build|don't know how/);
  });

  it('knows what the daemon allows, and that it began before its settings were changed', async () => {
    const { host, url } = await client(
      (address) => ({ 'trusted-substituters': address, 'trusted-public-keys': cache.publicKey }),
      true,
    );
    await asNobody(host, `extra-substituters = ${url}\n`);
    const checks = await examine(host, ['--cache', url, served], nobody);
    expect(named(checks, 'substituters')).toMatchObject({
      status: 'ok',
      detail: expect.stringContaining('the daemon allows it'),
    });
    expect(bad(checks)).toMatchObject([
      {
        name: 'nix-daemon',
        detail: 'began before /etc/nix/nix.conf was last changed, and still has the settings of before',
      },
      { name: 'client cache', mend: 'run the doctor as root' },
    ]);
  });

  it('sees the environment of the daemon as root', async () => {
    const { host, url } = await client(trusting(cache.publicKey), true);
    const checks = await examine(host, ['--cache', url, served], ['env', 'NIX_REMOTE=daemon']);
    expect(named(checks, 'settings')?.detail).toContain('trusts this user');
    expect(bad(checks).map(({ name }) => name)).toEqual(['nix-daemon']);
  });
});

describe('proteus doctor --cache of a private cache', () => {
  const secret = 'sesame-of-the-lab';
  const wanted = `Basic ${Buffer.from(`x:${secret}`).toString('base64')}`;

  it('asks with the login that Nix has, and says what is wrong with it', async () => {
    const server = createServer((req, res) => {
      if (req.headers.authorization !== wanted) res.writeHead(401).end();
      else if (req.url === '/nix-cache-info') res.end('StoreDir: /nix/store\nPriority: 30\n');
      else res.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
    stack.defer(() => new Promise<void>((resolve) => server.close(() => resolve())));
    const { port } = server.address() as { readonly port: number }; // it listens on TCP
    const { host } = await client(() => ({ 'netrc-file': '/etc/nix/logins' }));
    const { controlAddress: name } = host;
    const ask = async (netrc?: string, as: readonly string[] = []): Promise<Check | undefined> => {
      if (netrc !== undefined) {
        await writeFile(host.path('/etc/nix/logins'), netrc);
        await host.exec('chmod 600 /etc/nix/logins');
      }
      const checks = await examine(host, ['--cache', `http://${name}:${port}`], as);
      expect(JSON.stringify(checks)).not.toContain(secret);
      return named(checks, 'cache');
    };

    expect((await ask())?.detail).toContain('/etc/nix/logins, is not there');
    const foreign = await ask(`machine elsewhere login x password ${secret}\n`);
    expect(foreign?.detail).toContain(`/etc/nix/logins, has none for ${name}`);
    expect((await ask(`machine ${name} login x password wrong-${secret}\n`))?.detail).toContain(
      `does not take the one that the netrc-file of Nix, /etc/nix/logins, has for ${name}`,
    );
    expect(await ask(`machine ${name}\nlogin x\npassword ${secret}\n`)).toMatchObject({ status: 'ok' });
    expect((await ask(undefined, nobody))?.detail).toContain('cannot be read by this user');
  });
});

describe('proteus doctor --cache of something else', () => {
  const answer = async (status: number, body: string, headers: Record<string, string> = {}) => {
    const server: Server = createServer((_req, res) => res.writeHead(status, headers).end(body));
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
    stack.defer(() => new Promise<void>((resolve) => server.close(() => resolve())));
    const { port } = server.address() as { readonly port: number }; // it listens on TCP
    return port;
  };

  it.each([
    ['a web page', 200, '<html>', {}, /is not that of a binary cache: it begins "<html>"/],
    ['nothing', 404, '', {}, /HTTP status 404/],
    ['what wants a login', 401, '', {}, /wants a login/],
    ['another store folder', 200, 'StoreDir: /gnu/store\n', {}, /is for the store folder "\/gnu\/store"/],
    ['no priority', 200, 'StoreDir: /nix/store\n', {}, /says no priority/],
    [
      'another time',
      200,
      'StoreDir: /nix/store\nPriority: 1\n',
      { Date: 'Fri, 01 Jan 2010 00:00:00 GMT' },
      /minutes ahead of that of the cache/,
    ],
  ])('finds %s', async (_what, status, body, headers, expected) => {
    const port = await answer(status, body, headers);
    const { host } = await client(() => ({}));
    const checks = await examine(host, ['--cache', `http://${host.controlAddress}:${port}`]);
    expect(
      bad(checks)
        .map(({ detail }) => detail)
        .join('\n'),
    ).toMatch(expected);
    await host.stop();
  });

  it('finds that nobody answers, and what is not signed', async () => {
    const { host } = await client(() => ({}));
    const [nobodyThere] = await examine(host, ['--cache', `http://${host.controlAddress}:9`]);
    expect(nobodyThere).toMatchObject({ status: 'problem', detail: expect.stringContaining('ECONNREFUSED') });
    const unsigned = `StoreDir: /nix/store\nPriority: 1\nStorePath: ${served}\nURL: x\nCompression: none\nNarHash: sha256:${'0'.repeat(52)}\nNarSize: 1\nReferences: \n`;
    const port = await answer(200, unsigned);
    const checks = await examine(host, ['--cache', `http://${host.controlAddress}:${port}`, served]);
    expect(named(checks, `path ${served}`)?.detail).toContain('without any signature');
  });
});
