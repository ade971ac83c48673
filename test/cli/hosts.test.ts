import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lockHost } from '../../src/deploy/activation/lock-host.ts';
import { openHostSession } from '../../src/deploy/session/open-host-session.ts';
import type { ProcessResult } from '../../src/process/run-process.ts';
import { parseEvents, proteus } from '../helpers/proteus.ts';
import { makeFolder, writeNetwork } from '../helpers/write-network.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';

let lab: Lab;
let web: LabHost;
let folder: string;
let network: string;

beforeAll(async () => {
  lab = await createLab();
  [web] = await Promise.all([lab.addHost('web01'), lab.addHost('db01')]);
  folder = await makeFolder();
  await writeFile(path.join(folder, 'token'), 'of the web\n');
  const check = (command: string): string =>
    `deployment.healthChecks.cmd = [ { description = "runs"; cmd = [ "sudo" "test" "-e" "${command}" ]; period = 1; } ];`;
  network = await writeNetwork(
    {
      web01: `{ deployment.tags = [ "web" ]; ${check('/run/well')}
        deployment.secrets.token = { source = "token"; destination = "/run/keys/token"; permissions = "0440"; action = [ "sudo" "sh" "/run/action" ]; }; }`,
      db01: `{ deployment.tags = [ "db" ]; ${check('/etc/passwd')} }`,
      iso: '{ deployment.buildOnly = true; }',
    },
    { folder },
  );
});
afterAll(() => lab[Symbol.asyncDispose]());

function run(...args: readonly string[]): Promise<ProcessResult> {
  return proteus(args, { cwd: folder, env: { SSH_CONFIG_FILE: lab.sshConfigFile() } });
}

describe('proteus exec', () => {
  it('runs a command as it stands on all hosts, and names them before each line', async () => {
    const { code, stdout, stderr } = await run('exec', network, 'echo', '--on', '@x', '"a  b"', '$((1+1))');

    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Exec is disabled for build-only host: iso'),
    });
    expect(stdout.trimEnd().split('\n').sort()).toEqual(['db01: --on @x a  b 2', 'web01: --on @x a  b 2']);
  });

  it('fails when it fails on a host, and has run on the others', async () => {
    await writeFile(web.path('/run/only-web'), '');

    const { code, stderr } = await run('exec', network, 'sudo', 'rm', '/run/only-web');

    expect(code).toBe(1);
    expect(stderr).toContain('db01: the command ended with exit code 1');
    await expect(stat(web.path('/run/only-web'))).rejects.toThrow('ENOENT');
  });

  it('sends a script with its arguments, and tells what came of it as JSON', async () => {
    await writeFile(
      path.join(folder, 'script'),
      ['#!/usr/bin/env bash', 'list=("$@")', 'echo $# "$'.concat('{list[1]}"'), ''].join('\n'),
    );

    const { code, stdout } = await run(
      '--json',
      'exec',
      '--on=@db',
      '--script',
      'script',
      network,
      '--x',
      'y z',
    );

    const events = parseEvents(stdout);
    expect(code).toBe(0);
    expect(events).toContainEqual({ type: 'host.log', host: 'db01', line: '2 y z' });
    expect(events.at(-1)).toMatchObject({ type: 'result', hosts: [{ host: 'db01', result: 'done' }] });
  });

  it.each([
    [['exec', 'network.nix'], 'wanted a command after the network file'],
    [['exec', '--script', 'none', 'network.nix'], 'cannot read the script'],
    [['exec', '--script', 'token.py', 'network.nix'], 'is a script for python3'],
  ])('refuses %j', async (args, message) => {
    await writeFile(path.join(folder, 'token.py'), '#!/usr/bin/env python3\n');

    expect(await run(...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  });

  it('ends a command that takes too long', async () => {
    const { code, stderr } = await run('exec', '--timeout', '1', '--on', 'db*', network, 'sleep', '60');

    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('db01: sleep') });
  });
});

describe('proteus check-health', () => {
  it('tries until all is well, and not for ever', async () => {
    const sick = await run('check-health', '--timeout', '1', network);
    const waiting = run('check-health', '--timeout', '60', '--on=web01', network);
    await web.exec(['touch', '/run/well']);

    expect(sick.code).toBe(1);
    expect(sick.stderr).toContain('web01: health checks did not succeed within 1 seconds: runs (output: )');
    expect(sick.stderr).toContain('db01: runs: OK');
    expect(await waiting).toMatchObject({ code: 0, stderr: expect.stringContaining('web01: runs: OK') });
  });
});

describe('proteus upload-secrets', () => {
  it('uploads what differs, runs its action, and checks health afterwards', async () => {
    await web.exec(['touch', '/run/well']);
    // With a pipe there it waits until somebody writes into it.
    await web.exec(`echo 'touch /run/acted; [ ! -p /run/hold ] || read -r _ </run/hold' >/run/action`);

    const first = await run('upload-secrets', network);
    const second = await run('upload-secrets', '--skip-health-checks', network);

    expect(first.code).toBe(0);
    expect(first.stderr).toContain('web01: secrets: 1 uploaded, 0 unchanged');
    expect(first.stderr).toContain('web01: runs: OK');
    expect(await readFile(web.path('/run/keys/token'), 'utf8')).toBe('of the web\n');
    expect((await stat(web.path('/run/keys/token'))).mode & 0o777).toBe(0o440);
    await stat(web.path('/run/acted'));
    expect(second.stderr).toContain('web01: secrets: 0 uploaded, 1 unchanged');
    expect(second.stderr).not.toContain('runs: OK');
  });

  it('never meets a rollout on a host; each is told who the other is', async () => {
    const options = { signal: AbortSignal.timeout(60_000), onLine: () => {} };
    await using session = await openHostSession(
      { name: 'web01', target: web.ssh.target },
      { ssh: web.ssh.settings, ...options },
    );
    const hold = () => lockHost(session, { rollout: 'main-42-x', beatMs: 1000 }, options);
    const upload = () => run('upload-secrets', '--skip-health-checks', '--force', '--on=web01', network);
    {
      await using _lock = await hold();
      expect(await upload()).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('web01: rollout main-42-x works on it since 20'),
      });
    }

    await web.exec('mkfifo /run/hold');
    const uploading = upload();
    await expect
      .poll(() => web.exec('cat /run/proteus/lock', { okCodes: [0, 1] }))
      .toMatchObject({
        stdout: expect.stringContaining('rollout=secrets-by-'),
      });
    await expect(hold()).rejects.toThrow(/web01: an upload of secrets \(secrets-by-.*\) works on it since/);
    await web.exec('echo go >/run/hold');
    expect((await uploading).code).toBe(0);
    // Nothing of it is left.
    expect((await web.exec('ls /run/proteus')).stdout.trim()).toBe('mutex');
    await using _free = await hold();
  });

  it('says which host cannot be reached, and goes on with the others', async () => {
    const { code, stderr } = await proteus(['upload-secrets', '--skip-health-checks', network], {
      env: { SSH_CONFIG_FILE: lab.sshConfigFile(), SSH_USER: 'nobody-here' },
    });

    expect(code).toBe(1);
    expect(stderr).toMatch(/error: web01: .*(?:Permission denied|cannot be reached)/);
    expect(stderr).toContain('db01: secrets: 0 uploaded');
  });
});
