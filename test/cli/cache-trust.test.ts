import { appendFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TrustDescription } from '../../src/cache/describe-trust.ts';
import { generateSecretKey, printSecretKey } from '../../src/nix/signing-key.ts';
import { buildPath } from '../cache/build-path.ts';
import { proteus } from '../helpers/proteus.ts';
import { serveCache, type TestCache } from '../helpers/serve-cache.ts';
import { makeFolder } from '../helpers/write-network.ts';
import { createLab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';

const stack = new AsyncDisposableStack();
let cache: TestCache;
let client: LabHost;
let url: string;
beforeAll(async () => {
  await buildPath('proves', 'echo it > $out');
  cache = stack.use(await serveCache());
  const lab = stack.use(await createLab({ defaults: { nixConf: { 'require-sigs': 'true' } } }));
  client = await lab.addHost('client');
  url = `http://${client.controlAddress}:${cache.port}`;
});
afterAll(() => stack.disposeAsync());

describe('proteus cache trust', () => {
  it('prints lines that a real client can use as they are, and a proof that works as typed', async () => {
    const { stdout, stderr, code } = await proteus(['cache', 'trust', '--url', url, '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const trust = JSON.parse(stdout) as TrustDescription; // what the command promises
    expect(trust.publicKeys).toEqual([cache.publicKey]);

    const before = await client.exec(trust.proof, { okCodes: [0, 1, 2] });
    await appendFile(client.path('/etc/nix/nix.conf'), `${trust.nixConf.join('\n')}\n`);
    const after = await client.exec(trust.proof, { okCodes: [0, 1, 2] });

    expect(before.code).toBe(2);
    expect(before.stderr).toContain('is untrusted');
    expect(after).toMatchObject({ code: 0 });
    await client.exec(['nix-store', '--realise', trust.path ?? '']);
  });

  it('prints the same for people', async () => {
    const { stdout } = await proteus(['cache', 'trust', '--url', `${url}/`]);
    expect(stdout).toContain(
      `  extra-substituters = ${url}\n  extra-trusted-public-keys = ${cache.publicKey}\n`,
    );
    expect(stdout).toMatch(/^ {2}nix .* store verify .* \/nix\/store\/\S+-proves$/m);
  });

  it('prints lines for NixOS that are Nix', async () => {
    const { stdout } = await proteus(['cache', 'trust', '--url', url, '--json']);
    const { nixos } = JSON.parse(stdout) as TrustDescription; // as above
    const { stdout: evaluated } = await client.exec([
      ...(['nix-instantiate', '--eval', '--strict', '--json', '-E'] as const),
      `{ ${nixos.join(' ')} }`,
    ]);
    expect(JSON.parse(evaluated)).toEqual({
      nix: { settings: { substituters: [url], 'trusted-public-keys': [cache.publicKey] } },
    });
  });

  it('takes the keys of the server here, and its address from outside', async () => {
    const folder = await makeFolder();
    const file = path.join(folder, 'other.secret');
    await appendFile(file, printSecretKey(generateSecretKey('other-1')), { mode: 0o600 });
    const config = path.join(folder, 'proteus.toml');
    await appendFile(
      config,
      `keys = ["${file}"]\nbase-url = "https://ci.example.org/"\ndata-directory = "${folder}"\n`,
    );
    const { stdout } = await proteus(['cache', 'trust', '--config', config]);
    expect(stdout).toContain('extra-substituters = https://ci.example.org\n');
    expect(stdout).toMatch(/extra-trusted-public-keys = other-1:\S+\n/);
  });

  it('says what is missing', async () => {
    const folder = await makeFolder();
    const nobody = await proteus(['cache', 'trust', '--data-directory', folder]);
    expect([nobody.code, nobody.stderr]).toEqual([2, expect.stringContaining('no server on this machine')]);
    const dead = await proteus(['cache', 'trust', '--url', 'http://127.0.0.1:7']);
    expect([dead.code, dead.stderr]).toEqual([1, expect.stringContaining('http://127.0.0.1:7')]);
    const nonsense = await proteus(['cache', 'trust', '--url', 'cache.example.org']);
    expect([nonsense.code, nonsense.stderr]).toEqual([2, expect.stringContaining("got 'cache.example.org'")]);
  });
});
