/** Hosts of the lab that run a real systemd: it sees nothing but its host, can be rebooted, and leaves nothing behind. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProcess } from '../../src/process/run-process.ts';
import { sshArgv } from '../../src/process/ssh.ts';
import { startProcess } from '../../src/process/start-process.ts';
import { createLab, type Lab } from './lab.ts';
import type { LabHost } from './lab-host.ts';
import { lacksSystemd } from './lacks-systemd.ts';

const root = join(import.meta.dirname, '../..');
const bootId = '/proc/sys/kernel/random/boot_id';

/** Whether there is a cgroup of that name on this machine. */
async function hasCgroup(name: string): Promise<boolean> {
  const { stdout } = await runProcess([
    'unshare',
    '--mount',
    'sh',
    '-c',
    'mount -t cgroup2 cgroup2 /sys/fs/cgroup; find /sys/fs/cgroup -name "$1"',
    'sh',
    name,
  ]);
  return stdout !== '';
}
const cgroupOf = async (host: LabHost) => (await readFile(host.path('/run/lab-cgroup'), 'utf8')).trim();

describe.skipIf(lacksSystemd)('a host with systemd', () => {
  let lab: Lab;
  let web: LabHost;
  beforeAll(async () => {
    lab = await createLab();
    web = await lab.addHost('web01', { init: 'systemd', daemon: true });
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  const ssh = (...words: string[]) =>
    runProcess(sshArgv(web.ssh.target, web.ssh.settings, words), { timeoutMs: 20_000 });

  it('has it as the first process of those that it can see, with no unit but its own', async () => {
    const { stdout } = await ssh(
      'cat /proc/1/comm; systemctl is-system-running; systemctl --failed --no-legend',
    );
    expect(stdout).toBe('systemd\nrunning\n');
    const services = 'systemctl list-units --type=service,timer,socket --state=active --plain --no-legend';
    const { stdout: units } = await ssh(`${services} | cut -d " " -f 1`);
    expect(units.trim().split('\n').sort()).toEqual(['dbus.socket', 'nix-daemon.socket', 'sshd.service']);
    expect((await ssh('cat /proc/self/cgroup')).stdout).toMatch(/^0::\/system\.slice\/sshd\.service$/m);
  });

  it('carries what is said to it over a bus, and runs a nix-daemon when one is asked for', async () => {
    await ssh('systemd-run --quiet --collect --wait touch /run/touched');
    await ssh('test -e /run/touched && env NIX_REMOTE=daemon nix store ping');
    expect((await ssh('systemctl is-active dbus nix-daemon')).stdout).toBe('active\nactive\n');
  });

  it('builds in the sandbox', async () => {
    const expression =
      'derivation { name = "x"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" ": > $out" ]; }';
    const { stdout } = await web.exec(['nix-build', '--no-out-link', '-E', expression]);
    expect(stdout).toMatch(/^\/nix\/store\/.*-x$/m);
  });

  it('can change no setting of the machine while it starts', async () => {
    const files = '/proc/sys/fs/file-max /proc/sys/fs/nr_open /proc/sys/kernel/core_pattern';
    const settings = async () => (await runProcess(['sh', '-c', `cat ${files}`])).stdout;
    const asItWas = await settings();
    const other = await lab.addHost('other', { init: 'systemd' });
    expect((await other.exec(['findmnt', '--noheadings', '--output=TARGET', '/dev/kmsg'])).stdout).toBe(
      '/dev/kmsg\n',
    );
    await other.stop();
    expect(await settings()).toBe(asItWas);
  });

  it('is rebooted by systemctl: into the system of the boot menu, with what was on its disks', async () => {
    const first = (await ssh('cat', bootId)).stdout;
    await web.exec(
      'mkdir -p /var/boot /nix/chosen; ln -s /nix/chosen /var/boot/default; touch /run/lost /var/kept',
    );
    await web.exec(['systemctl', 'reboot']);
    const again = () =>
      ssh('cat', bootId).then(
        ({ stdout }) => stdout,
        () => first,
      );
    await expect.poll(again).not.toBe(first);
    const { stdout } = await ssh(
      'readlink /run/current-system /run/booted-system; ls -d /run/lost /var/kept 2>/dev/null || systemctl is-system-running --wait',
    );
    expect(stdout).toBe('/nix/chosen\n/nix/chosen\n/var/kept\nrunning\n');
  });

  it('has its sshd ended with all sessions, and started again', async () => {
    const session = await startProcess(sshArgv(web.ssh.target, web.ssh.settings, ['echo in; sleep 1000']));
    await new Promise((resolve) => session.stdout.once('data', resolve));
    await web.killSshd();
    expect(await session.exited).toEqual({ code: 255, signal: null });
    await expect(ssh('true')).rejects.toThrow('Connection refused');
    await web.startSshd();
    await ssh('true');
  });

  it('leaves nothing behind when it is stopped', async () => {
    const cgroup = await cgroupOf(web);
    expect(await hasCgroup(cgroup)).toBe(true);
    await web.stop();
    expect(await hasCgroup(cgroup)).toBe(false);
  });
});

it.skipIf(lacksSystemd)('takes the cgroup of a host away when its owner was killed', async () => {
  const owner = await startProcess(
    [
      `${root}/scripts/in-lab`,
      process.execPath,
      '--input-type=module',
      '--eval',
      `import { createLab } from '${root}/test/lab/lab.ts';
       import { readFileSync } from 'node:fs';
       const lab = await createLab();
       const host = await lab.addHost('a', { init: 'systemd' });
       console.log(readFileSync(host.path('/run/lab-cgroup'), 'utf8'));
       setInterval(() => {}, 1000);`,
    ],
    { stderr: 'inherit' },
  );
  const cgroup = String(await new Promise((resolve) => owner.stdout.once('data', resolve))).trim();
  expect(await hasCgroup(cgroup)).toBe(true);
  process.kill(owner.pid, 'SIGKILL');
  await owner.exited;
  await expect.poll(() => hasCgroup(cgroup)).toBe(false);
});

it('says why there can be no systemd', async () => {
  // Where we are nobody to the kernel.
  const unprivileged = [
    'unshare',
    '--user',
    '--map-root-user',
    '--mount',
    '--pid',
    '--fork',
    '--mount-proc',
  ] as const;
  await expect(
    runProcess([...unprivileged, 'bash', join(import.meta.dirname, 'host-boot'), '/bin/false']),
  ).rejects.toThrow(
    'lab: a host with systemd cannot be had here: this kernel has no cgroup v2, or lets nobody mount it',
  );
});
