import { chmod, cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runProcess } from '../../src/process/run-process.ts';
import type { Argv } from '../../src/process/start-process.ts';

const ensure = join(import.meta.dirname, '../../scripts/ensure');
const all = [
  'node',
  'nix',
  'busybox',
  'ssh',
  'sudo',
  'systemd',
  'git',
  'iproute',
  'qemu',
  'tools',
  'postgresql',
  'arm64-busybox',
];

describe('scripts/ensure', () => {
  it('says and does nothing when everything is there', async () => {
    expect(await runProcess([ensure, ...all])).toEqual({ stdout: '', stderr: '', code: 0 });
  });

  it('refuses a group that it does not know', async () => {
    await expect(runProcess([ensure, 'nix', 'nonsense'])).rejects.toThrow("no group is called 'nonsense'");
  });

  it('says what is missing, what for and how to get it, where it cannot install', async () => {
    const bin = await mkdtemp('/tmp/proteus-ensure.');
    await chmod(bin, 0o755);
    // Where anybody may read it.
    await cp(ensure, join(bin, 'ensure'));
    for (const tool of ['bash', 'env', 'readlink', 'dirname', 'id', 'grep', 'head', 'uname']) {
      await symlink(`/usr/bin/${tool}`, join(bin, tool));
    }
    const run = (...groups: string[]) =>
      runProcess(
        [
          'setpriv',
          '--reuid',
          '65534',
          '--clear-groups',
          'env',
          '-i',
          `PATH=${bin}`,
          'PROTEUS_CACHE=/none',
        ].concat('bash', join(bin, 'ensure'), ...groups) as unknown as Argv, // it begins with setpriv
        { okCodes: [1] },
      );
    const { stderr } = await run('nix', 'git', 'arm64-busybox');
    expect(stderr).toBe(
      [
        'nix-bin is missing (evaluates and builds): this machine has no apt-get: install what Debian calls nix-bin',
        'git is missing (fetches inputs): this machine has no apt-get: install what Debian calls git',
        'an aarch64 busybox is missing (builds for aarch64 run it): put a static one at /none/busybox-arm64/busybox',
        '',
      ].join('\n'),
    );
    await symlink('/usr/bin/apt-get', join(bin, 'apt-get'));
    expect((await run('git')).stderr).toBe(
      'git is missing (fetches inputs): run as root: apt-get install git\n',
    );
    await rm(bin, { recursive: true });
  });
});
