import { readlink } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StorePath } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { sshArgv } from '../../src/process/ssh.ts';
import { startProcess } from '../../src/process/start-process.ts';
import { createLab, type Lab } from './lab.ts';
import type { LabHost } from './lab-host.ts';
import { buildStandInSystem } from './stand-in-system.ts';

describe('buildStandInSystem', () => {
  let lab: Lab;
  let host: LabHost;
  let one: StorePath;
  let two: StorePath;

  const activate = (toplevel: StorePath, action: string, okCodes = [0]) =>
    host.exec([`${toplevel}/bin/switch-to-configuration`, action], { okCodes });
  const current = () => readlink(host.path('/run/current-system'));
  const boot = () => readlink(host.path('/var/boot/default'));

  beforeAll(async () => {
    one = await buildStandInSystem({ name: 'web01' });
    two = await buildStandInSystem({ name: 'web01', note: 'second' });
    lab = await createLab();
    host = await lab.addHost('web01');
    await runProcess(['nix-copy-closure', '--to', 'root@web01', one, two], {
      env: { ...process.env, ...lab.environment },
    });
  });
  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
  });

  it('makes another system for another note', () => {
    expect(one).toMatch(/-nixos-system-web01-lab$/);
    expect(two).not.toBe(one);
  });

  it('records each call, and switches or boots as told', async () => {
    expect(await host.systemLog()).toEqual([]);
    expect((await activate(one, 'switch')).stderr).toContain('activating the configuration...');
    expect([await current(), await boot()]).toEqual([one, one]);
    await activate(two, 'test');
    expect([await current(), await boot()]).toEqual([two, one]);
    await activate(one, 'dry-activate');
    expect([await current(), await boot()]).toEqual([two, one]);
    await activate(one, 'switch');
    await activate(two, 'boot');
    expect([await current(), await boot()]).toEqual([one, two]);
    const log = await host.systemLog();
    expect(log.map(({ action, toplevel }) => [action, toplevel])).toEqual([
      ['switch', one],
      ['test', two],
      ['dry-activate', one],
      ['switch', one],
      ['boot', two],
    ]);
    expect(log.every((record) => Number.isInteger(record.time))).toBe(true);
  });

  it('knows its own toplevel when it is called through a profile', async () => {
    await host.exec(['nix-env', '--profile', '/nix/var/nix/profiles/system', '--set', two]);
    await host.exec(['/nix/var/nix/profiles/system/bin/switch-to-configuration', 'switch']);
    expect(await current()).toBe(two);
  });

  it('refuses other actions without a record', async () => {
    const calls = (await host.systemLog()).length;
    expect((await activate(one, 'reboot', [2])).stderr).toContain('switch|boot|test|dry-activate');
    expect(await host.systemLog()).toHaveLength(calls);
  });

  it('fails as it is told: before activating, or after it with a code', async () => {
    await activate(one, 'switch');
    await host.setBehaviour('fail');
    expect((await activate(two, 'switch', [1])).stderr).toContain('activation script failed');
    expect(await current()).toBe(one);
    await host.setBehaviour('fail 4');
    await activate(two, 'switch', [4]);
    expect(await current()).toBe(two);
    await host.setBehaviour('fail 100');
    await activate(one, 'boot', [100]);
    await host.setBehaviour(undefined);
    await activate(one, 'switch');
  });

  it('hangs until it is killed', async () => {
    await host.setBehaviour('hang');
    const calls = (await host.systemLog()).length;
    await expect(
      host.exec([`${two}/bin/switch-to-configuration`, 'switch'], { timeoutMs: 1000 }),
    ).rejects.toThrow('did not end within 1000 ms');
    expect(await host.systemLog()).toHaveLength(calls + 1);
    expect(await current()).toBe(one);
    await host.setBehaviour(undefined);
  });

  it('cuts its own network in the middle, and still activates', async () => {
    await host.setBehaviour('cut-network');
    const words = [`${two}/bin/switch-to-configuration`, 'switch'];
    const settings = {
      ...host.ssh.settings,
      extraArgs: ['-o', 'ServerAliveInterval=1', '-o', 'ServerAliveCountMax=1'],
    };
    await using session = await startProcess(sshArgv(host.ssh.target, settings, words));
    expect((await session.exited).code).toBe(255);
    expect(await current()).toBe(two);
    await host.setBehaviour(undefined);
    await host.restoreNetwork();
    await runProcess(sshArgv(host.ssh.target, host.ssh.settings, ['true']));
  });
});
