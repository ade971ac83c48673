import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { startProcess } from '../../src/process/start-process.ts';
import { type Golden, goldenEnvironment, openGolden, remoteCalls } from './golden.ts';

let golden: Golden;
beforeAll(async () => {
  golden = await openGolden();
});

const sudo = "sudo -n -p '' -k --";
const web = 'ssh -p 2222 deploy@web01';
/** Checks run side by side: they come in any order. */
const isCheck = (line: string): boolean => / (?:check|test) /.test(line);
/** Where Morph does more than it should; the rest is compared. */
const checksOnce = { same: ['code', 'stdout'] as const };

describe('morph deploy', () => {
  it('G2: does all of it just as Morph where no secrets are uploaded', async () => {
    const ran = await golden.run(['deploy', '--timeout', '5', '--tagged', 'web', 'net.nix', 'switch']);

    expect(ran.stderr).toMatch(/health checks OK\nDone: web01\n$/);
  });

  it('G3: sets no profile for test, and lets the host fetch', async () => {
    const ran = await golden.run(['deploy', '--on', 'db01', 'net.nix', 'test']);

    expect(remoteCalls(ran)).toEqual([
      'nix-copy-closure NIX_SSHOPTS= --to db01 STORE-nixos-system-db01 --option cores 1 --use-substitutes',
      `ssh db01 ${sudo} STORE-nixos-system-db01/bin/switch-to-configuration test`,
    ]);
  });

  it('checks health after boot and after dry-activate as well', async () => {
    for (const action of ['boot', 'dry-activate']) {
      const ran = await golden.run(['deploy', '--timeout', '5', '--on', 'web01', 'net.nix', action]);

      expect(ran.code).toBe(0);
      expect(remoteCalls(ran)).toContain(`${web} check one`);
    }
  });

  it('G4: reboots after dry-activate when asked to, and uploads no secrets', async () => {
    const ran = await golden.run([
      'deploy',
      '--upload-secrets',
      '--reboot',
      '--on=web01',
      '--skip-health-checks',
      'net.nix',
      'dry-activate',
    ]);

    expect(ran.code).toBe(0);
    expect(remoteCalls(ran).slice(1)).toEqual([
      `${web} check before`,
      `${web} ${sudo} STORE-nixos-system-web01/bin/switch-to-configuration dry-activate`,
      `${web} cat /proc/sys/kernel/random/boot_id`,
      `${web} ${sudo} reboot`,
      `${web} cat /proc/sys/kernel/random/boot_id`,
    ]);
    expect(ran.stderr).toContain('Asking host to reboot ... Remote host disconnected.\nOK\n');
    expect(ran.stderr).toContain('Waiting for host to come online . OK\n');
  });

  it('reboots after switch, before the health checks', async () => {
    const ran = await golden.run(['deploy', '--reboot', '--timeout=5', '--on=web01', 'net.nix', 'switch']);

    const calls = remoteCalls(ran);
    expect(calls.findIndex((line) => line.endsWith('reboot'))).toBeLessThan(
      calls.findIndex((line) => line.endsWith('check one')),
    );
  });

  it('G5: changes nothing with --dry-run, not even by a reboot, which Morph does', async () => {
    const ran = await golden.run(
      ['--dry-run', 'deploy', '--reboot', '--timeout=5', '--on=web01', 'net.nix', 'switch'],
      checksOnce,
    );

    expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/-morph\n$/) });
    expect(remoteCalls(ran).filter((line) => !isCheck(line))).toEqual([]);
    expect(remoteCalls(ran)[0]).toBe(`${web} check before`);
  });

  it.each([
    ['4', 'The new system is active, but some of its units failed (exit status 4).'],
    ['100', 'The new system takes effect when the host is rebooted (exit status 100).'],
  ])('goes on after exit code %s, which is no failure of the activation, but says it', async (code, text) => {
    const ran = await golden.run(['deploy', '--on', 'db*', 'net.nix', 'switch'], {
      env: { FAIL: 'switch-to-configuration', CODE: code },
      same: ['code', 'stdout'],
    });

    expect(ran.code).toBe(1);
    expect(ran.stderr.split(text)).toHaveLength(3);
    expect(ran.stderr).toMatch(/Done: db02\n$/);
  });

  it('G7: does not activate what could not be made the profile', async () => {
    const ran = await golden.run(['deploy', '--on=db01', 'net.nix', 'boot'], { env: { FAIL: 'nix-env' } });

    expect(ran).toMatchObject({ code: 1, stderr: expect.stringMatching(/\nexit status 3\n$/) });
    expect(remoteCalls(ran).at(-1)).toContain('nix-env');
  });

  it('stops when a system cannot be copied', async () => {
    const ran = await golden.run(['deploy', '--on', 'db*', 'net.nix', 'boot'], {
      env: { COPY_FAIL: 'db01' },
    });

    expect(ran).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/\nno route to host\nexit status 1\n$/),
    });
    expect(remoteCalls(ran)).toHaveLength(1);
  });

  it('G8: a host whose health checks fail ends it, and no check goes on in the background', async () => {
    const ran = await golden.run(
      ['deploy', '--timeout', '1', '--on', '{web,db}0*', '--order-by-tags=web', 'net.nix', 'test'],
      { env: { FAIL: 'check one' }, same: ['code', 'stdout'] },
    );

    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('\t* first: Failed (output: no luck with check one\n)\n');
    expect(ran.stderr).toMatch(
      /Timeout: Gave up waiting for health checks to complete after 1 seconds\n\nNot deploying to additional hosts, since a host health check failed\.\n$/,
    );
    expect(remoteCalls(ran).some((line) => line.includes('db0'))).toBe(false);
  });

  it('does not activate where a pre-deploy check fails', async () => {
    const ran = await golden.run(['deploy', '--timeout=1', '--on=web01', 'net.nix', 'switch'], {
      env: { FAIL: 'check before' },
      same: ['code', 'stdout'],
    });

    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(
      '\nNot deploying to additional hosts, since a host pre-deploy check failed.\n',
    );
    expect(remoteCalls(ran).some((line) => line.includes('sudo'))).toBe(false);
  });

  it('G9: leaves a build-only host alone', async () => {
    const push = await golden.run(['push', '--on', 'iso', 'net.nix']);
    const deploy = await golden.run(['deploy', '--on', 'iso', 'net.nix', 'switch']);

    expect(push.stderr).toMatch(/\n\nPush is disabled for build-only host: iso\n$/);
    expect(deploy.stderr).toMatch(/\n\nDeployment steps are disabled for build-only host: iso\n$/);
    expect([push.code, deploy.code]).toEqual([0, 0]);
    expect([...remoteCalls(push), ...remoteCalls(deploy)]).toEqual([]);
  });

  it('pushes to one host after the other', async () => {
    const ran = await golden.run(['push', 'net.nix', '--on', '*0*']);

    expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/-morph\n$/) });
    expect(ran.stderr).toMatch(
      /Pushing paths to db01 \(@db01\):\n\t\* \/nix\/store\/\S+-nixos-system-db01\n/,
    );
    expect(remoteCalls(ran)).toHaveLength(3);
  });

  it('does without sudo for a login as root', async () => {
    const ran = await golden.run(['deploy', '--on', 'db01', 'net.nix', 'switch'], {
      env: { SSH_USER: 'root' },
      same: ['code', 'stdout'],
    });

    expect(remoteCalls(ran).slice(1)).toEqual([
      'ssh root@db01 nix-env --profile /nix/var/nix/profiles/system --set STORE-nixos-system-db01',
      'ssh root@db01 STORE-nixos-system-db01/bin/switch-to-configuration switch',
    ]);
  });
});

describe('G17: a signal', () => {
  it('ends what runs, takes temporary files away, and is exit code 130', async () => {
    const log = path.join(golden.folder, 'log.signal');
    await writeFile(log, '');
    await using child = await startProcess(
      [path.join(golden.folder, 'bin/morph'), 'deploy', '--on=db01', 'net.nix', 'switch'],
      { cwd: golden.folder, env: goldenEnvironment(log, { HANG: 'nix-env' }) },
    );
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.stdout.resume();
    const temporary = async (): Promise<readonly string[]> =>
      (await readdir(tmpdir())).filter((name) => name.startsWith('morph-'));
    while (!(await readFile(log, 'utf8')).includes('nix-env')) await sleep(20);

    process.kill(child.pid, 'SIGINT');

    expect(await child.exited).toMatchObject({ code: 130 });
    expect(stderr).toContain('Received signal: interrupt\n');
    const folder = /\[(\/tmp\/morph-[^\]]*)\/result\]/.exec(await readFile(log, 'utf8'))?.[1] ?? '';
    expect(await temporary()).not.toContain(path.basename(folder));
  });
});

describe('G14: secrets', () => {
  const upload = ['upload-secrets', '--skip-health-checks', '--on=web01', 'net.nix'];

  it('uploads all, whatever their phase', async () => {
    const ran = await golden.run(upload, { same: ['code', 'stdout', 'stderr', 'log'] });

    expect(ran.code).toBe(0);
    expect(ran.stderr).toMatch(
      /Uploading secrets to web01 \(web01\):\n\t\* a \(9 bytes\)\.\. OK\n\t\* b \(9 bytes\)\.\. OK\n\t\* c \(9 bytes\)\.\. OK\n/,
    );
  });

  it('checks health afterwards', async () => {
    const ran = await golden.run(['upload-secrets', '--on=web01', 'net.nix']);

    expect(ran.stderr).toMatch(/Running health checks on web01 \(web01\):\n(?:.*\n)*health checks OK\n$/);
  });

  it.each([
    [
      'chown nginx',
      "\t* b (9 bytes).. Partial\n\tCouldn't chown file: /run/b:\n\tno luck with chown nginx\n",
    ],
    ['chmod 0440', "\t* b (9 bytes).. Partial\n\tCouldn't chmod file: /run/b:\n\tno luck with chmod 0440\n"],
    ['touch', 'Exec of cmd: [touch "/tmp/x y"] failed with err: \'exit status 3\'\n'],
  ])('goes on when %s fails, and says so with its exit code, which Morph does not', async (text, message) => {
    const ran = await golden.run(upload, { env: { FAIL: text }, same: ['stdout', 'stderr', 'log'] });

    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
    expect(ran.stderr).toContain('\t* c (9 bytes).. OK\n');
  });

  it.each([
    [
      'mv /tmp',
      "\t* a (9 bytes).. Failed\n\tCouldn't move file: /tmp/tmp.XYZ -> /run/keys/a:\n\tno luck with mv /tmp\n",
    ],
    [
      'mktemp',
      "\t* a (9 bytes).. Failed\nError on remote host web01 (web01):\nCouldn't create temporary file",
    ],
    ['mkdir', "\t* a (9 bytes).. Failed\n\tCouldn't make directories: /run/keys, on remote host."],
    ['s/a.txt', "\t* a (9 bytes).. Failed\nError on remote host web01 (web01):\nCouldn't upload file: "],
    ['systemd-run', '\t* a (9 bytes).. Failed\n\tFailed waiting for mountpoints for: /run/keys/a:\n'],
  ])('ends when %s fails', async (text, message) => {
    const ran = await golden.run(upload, { env: { FAIL: text }, same: ['code', 'stdout'] });

    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
    expect(ran.stderr).not.toContain('* b');
  });

  it('E9: sends nothing of a secret whose file is missing', async () => {
    const other = await openGolden();
    await rm(path.join(other.folder, 's/a.txt'));

    const ran = await other.run(upload, { same: ['code', 'stdout'] });

    expect(ran).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/open \S*s\/a\.txt: no such file or directory\n$/),
    });
    expect(remoteCalls(ran)).toEqual([]);
  });
});
