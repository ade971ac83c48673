import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Golden, openGolden, remoteCalls } from './golden.ts';

let golden: Golden;
beforeAll(async () => {
  golden = await openGolden();
});

describe('morph exec', () => {
  it('ends a command that takes too long', async () => {
    const ran = await golden.run(['exec', '--on=db01', '--timeout', '1', 'net.nix', 'sleep', '60'], {
      env: { HANG: 'sleep' },
      same: ['stdout', 'stderr', 'log'],
    });

    expect(ran).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Exec of cmd: [sleep 60] timed out\n'),
    });
  });

  it('runs nothing on a build-only host, or on none', async () => {
    const iso = await golden.run(['exec', '--on=iso', 'net.nix', 'true']);
    const none = await golden.run(['exec', '--on=none', 'net.nix', 'true']);

    expect([iso.code, none.code]).toEqual([0, 0]);
    expect(iso.stderr).toContain('Exec is disabled for build-only host: iso\n');
  });

  it('G11: reaches hosts as the environment says', async () => {
    const env = {
      SSH_USER: 'admin',
      SSH_IDENTITY_FILE: '/keys/id',
      SSH_SKIP_HOST_KEY_CHECK: '0',
      SSH_CONFIG_FILE: '/etc/ssh-config',
      NIX_SSHOPTS: 'of the caller',
    };
    const common =
      '-o StrictHostKeyChecking=No -o UserKnownHostsFile=/dev/null -i /keys/id -F /etc/ssh-config';

    const exec = await golden.run(['exec', '--on=*01', 'net.nix', 'true'], { env });
    const push = await golden.run(['push', '--on=*01', 'net.nix'], { env });

    expect(remoteCalls(exec)).toEqual([
      `ssh ${common} admin@db01 true`,
      `ssh ${common} -p 2222 deploy@web01 true`,
    ]);
    expect(remoteCalls(push)[1]).toBe(
      'nix-copy-closure NIX_SSHOPTS=-o StrictHostkeyChecking=No -o UserKnownHostsFile=/dev/null -p 2222 -F /etc/ssh-config' +
        ' --to deploy@web01?ssh-key=/keys/id STORE-nixos-system-web01 --option cores 1',
    );
  });

  it('leaves NIX_SSHOPTS alone where it has nothing to say', async () => {
    const ran = await golden.run(['push', '--on=db01', 'net.nix'], { env: { NIX_SSHOPTS: 'of the caller' } });

    expect(remoteCalls(ran)[0]).toContain('NIX_SSHOPTS=of the caller --to db01');
  });

  it('G12: gives sudo what --passcmd prints, each time', async () => {
    const passcmd = ['--passcmd', 'echo pw'];
    const ran = await golden.run(['exec', '--on=db01', ...passcmd, 'net.nix', 'sudo', 'id']);
    const plain = await golden.run(['exec', '--on=db01', ...passcmd, 'net.nix', 'id']);

    expect(remoteCalls(ran)).toEqual(["ssh db01 sudo -S -p '' -k -- id < pw"]);
    expect(remoteCalls(plain)).toEqual(['ssh db01 id']);
  });

  it('says that no password can be had, where Morph panics', async () => {
    const line = ['net.nix', 'sudo', 'id'];
    const failing = await golden.run(['exec', '--on=db01', '--passcmd', 'false hunter2', ...line], {
      same: [],
    });
    const missing = await golden.run(['exec', '--on=db01', '--passcmd', 'no-such-program', ...line], {
      same: [],
    });
    const pipe = await golden.run(['exec', '--on=db01', '--passwd', ...line], { same: ['stdout', 'log'] });

    expect(failing).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--passcmd (false) ended with exit code 1'),
    });
    expect(failing.stderr).not.toContain('hunter2');
    expect(missing).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('(no-such-program) cannot be run'),
    });
    expect(pipe).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('inappropriate ioctl for device'),
    });
    for (const ran of [failing, missing, pipe]) expect(remoteCalls(ran)).toEqual([]);
  });
});

describe('morph check-health', () => {
  it('E8: tries until the time is over', async () => {
    const ran = await golden.run(['check-health', '--timeout', '1', '--on=web01', 'net.nix'], {
      env: { FAIL: 'web01' },
      same: ['code', 'stdout'],
    });

    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/^\t\* first: Failed \(output: no luck with web01\n\)$/m);
    expect(ran.stderr).toMatch(
      /\nTimeout: Gave up waiting for health checks to complete after 1 seconds\nOne or more errors occurred during host healthchecks\n$/,
    );
  });

  it('fails when any host does, not only the last one', async () => {
    const line = ['check-health', '--timeout', '1', '--order-by-tags=web', '--on=*01', 'net.nix'];
    const ran = await golden.run(line, { env: { FAIL: 'check one' }, same: ['stdout'] });

    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('Running health checks on db01 (db01):\nhealth checks OK\n');
  });

  it('is fine when all are', async () => {
    const ran = await golden.run(['check-health', 'net.nix']);

    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('Healthchecks are disabled for build-only host: iso\n');
    expect(ran.stderr.match(/health checks OK/g)).toHaveLength(3);
  });
});

describe('G16: checks of URLs', () => {
  let server: Server;
  let http: Golden;
  beforeAll(async () => {
    server = createServer((request, response) => {
      response.writeHead(request.url === '/missing' ? 404 : 200).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // it listens on a port, not on a socket file
    const base = path.join(import.meta.dirname, '../fixtures/network/base.nix');
    const host = (check: string): string =>
      `{ deployment.targetHost = "127.0.0.1"; deployment.healthChecks.http = [ { description = "page"; ${check} } ]; }`;
    http = await openGolden(`{
      network = import ${base};
      defaults.nixpkgs.system = builtins.currentSystem;
      fine = ${host(`port = ${port};`)};
      missing = ${host(`port = ${port}; path = "/missing";`)};
      refused = ${host('port = 9;')};
      tls = ${host(`port = ${port}; scheme = "https";`)};
    }`);
  });
  afterAll(() => server.close());

  it.each([
    ['fine', 0, /\t\* page: OK\nhealth checks OK\n$/, ['code', 'stdout', 'stderr'] as const],
    [
      'missing',
      1,
      /\t\* page: Failed \(Got non 2xx status code \(404 Not Found\)\)\n/,
      ['code', 'stdout', 'stderr'] as const,
    ],
    [
      'refused',
      1,
      /\t\* page: Failed \(Get "http:\/\/127\.0\.0\.1:9\/": .*\)\n/,
      ['code', 'stdout'] as const,
    ],
    ['tls', 1, /\t\* page: Failed \(Get "https:\/\/127\.0\.0\.1:\d+\/": .*\)\n/, ['code', 'stdout'] as const],
  ])('%s', async (name, code, text, same) => {
    const ran = await http.run(['check-health', '--timeout=1', `--on=${name}`, 'net.nix'], {
      env: { http_proxy: 'http://127.0.0.1:9' },
      same,
    });

    expect(ran.code).toBe(code);
    expect(ran.stderr).toMatch(text);
  });
});
