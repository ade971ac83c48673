import { readlink } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DeployHostsOptions, deployHosts } from '../../src/deploy/deploy-hosts.ts';
import type { DeployPlan, HostOutcome, PlannedHost } from '../../src/deploy/deploy-plan.ts';
import { plannedHost, planOf } from '../../src/deploy/testing/plan-of.ts';
import type { ProteusEvent } from '../../src/events/event.ts';
import { parseStorePath, type StorePath } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';
import { buildStandInSystem } from '../lab/stand-in-system.ts';

const profile = '/nix/var/nix/profiles/system';
let lab: Lab;
let store: Store;
let web: LabHost;
let db: LabHost;
let system: StorePath;

beforeAll(async () => {
  system = await buildStandInSystem({ name: 'web01' });
  store = await openStore({ type: 'local' });
  lab = await createLab();
  [web, db] = await Promise.all([lab.addHost('web01'), lab.addHost('db01')]);
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

let events: ProteusEvent[];
beforeEach(() => {
  events = [];
});
afterEach(async () => {
  for (const host of [web, db]) {
    await host.setBehaviour(undefined);
    await endActivations(host);
    await host.exec(`rm -rf ${profile}* /var/log/switch.log`);
  }
});

function planned(host: LabHost, change: Partial<PlannedHost> = {}): PlannedHost {
  return plannedHost({ name: host.name, target: host.ssh.target, toplevel: system, ...change });
}

function deploy(
  action: DeployPlan['action'],
  hosts: readonly PlannedHost[],
  options: Partial<DeployHostsOptions> = {},
): Promise<readonly HostOutcome[]> {
  return deployHosts(planOf(action, hosts), {
    store,
    ssh: web.ssh.settings,
    emit: (event) => events.push(event),
    ...options,
  });
}

/** What the stand-in was called with. */
async function calls(host: LabHost): Promise<string[]> {
  return (await host.systemLog()).map(({ action, toplevel }) => `${action} ${toplevel}`);
}

/** The system profile of the host, if it has one. */
function profileOf(host: LabHost): Promise<string | undefined> {
  return host.exec(['readlink', '-f', profile], { okCodes: [0, 1] }).then(({ stdout }) => {
    const path = stdout.trim();
    return path === profile ? undefined : path || undefined;
  });
}

/** Those that were told to hang outlive the connection that started them, as on a real host. */
async function endActivations(host: LabHost): Promise<void> {
  const { stdout } = await host.exec(['ps', '-eo', 'pid,args']);
  const hanging = stdout.split('\n').filter((line) => line.includes('/bin/switch-to-configuration '));
  for (const line of hanging)
    await host.exec(['kill', '-KILL', line.trim().split(' ')[0]!], { okCodes: [0, 1] });
}

const phases = () => events.filter((event) => event.type === 'host.phase').map((event) => event.phase);
const lines = () => events.filter((event) => event.type === 'host.log').map((event) => event.line);
const isValid = (host: LabHost, path = system) =>
  host.exec(['nix-store', '--check-validity', path], { okCodes: [0, 1] }).then(({ code }) => code === 0);

describe('deployHosts', () => {
  it.each(['switch', 'boot'] as const)('%s: copies, sets the profile, activates', async (action) => {
    expect(await deploy(action, [planned(web)])).toEqual([{ host: 'web01', result: 'deployed' }]);
    expect(await isValid(web)).toBe(true);
    expect(await calls(web)).toEqual([`${action} ${system}`]);
    expect(await profileOf(web)).toBe(system);
    expect(phases()).toEqual(['connecting', 'copying', 'setting-profile', 'activating']);
    expect(events[0]).toEqual({ type: 'host.started', host: 'web01', toplevel: system, action });
    expect(events.at(-1)).toMatchObject({ type: 'host.done', host: 'web01' });
  });

  it.each(['test', 'dry-activate'] as const)('%s: leaves the profile alone', async (action) => {
    expect(await deploy(action, [planned(web)])).toEqual([{ host: 'web01', result: 'deployed' }]);
    expect(await calls(web)).toEqual([`${action} ${system}`]);
    expect(await profileOf(web)).toBeUndefined();
    expect(phases()).toEqual(['connecting', 'copying', 'activating']);
  });

  it('push: only copies, with all that is referred to', async () => {
    const dependency = await addText('dependency', 'x');
    const top = await addText('push-me', `refers to ${dependency}`, [dependency]);
    expect(await deploy('push', [planned(web, { toplevel: top })])).toEqual([
      { host: 'web01', result: 'deployed' },
    ]);
    expect(await isValid(web, dependency)).toBe(true);
    expect(await calls(web)).toEqual([]);
    expect(await profileOf(web)).toBeUndefined();
    const done = events.find((event) => event.type === 'copy.done');
    expect(done).toMatchObject({ paths: 2 });
    expect(done?.to).toContain(web.address);
  });

  it('tells what the host prints, line by line', async () => {
    await deploy('switch', [planned(web)]);
    expect(lines()).toContain('updating the boot link...');
    expect(lines()).toContain('activating the configuration...');
  });

  it('goes through the hosts in order, and passes by those that are only built', async () => {
    const outcomes = await deploy('test', [
      planned(db),
      planned(web, { name: 'iso', buildOnly: true, target: { host: '-nowhere' } }),
      planned(web),
    ]);
    expect(outcomes).toEqual([
      { host: 'db01', result: 'deployed' },
      {
        host: 'iso',
        result: 'skipped',
        reason: 'Deployment steps are disabled for build-only host: iso',
      },
      { host: 'web01', result: 'deployed' },
    ]);
    const told = events.flatMap((event) =>
      event.type === 'host.started' || event.type === 'host.done' || event.type === 'host.skipped'
        ? [`${event.type} ${event.host}`]
        : [],
    );
    expect(told).toEqual([
      'host.started db01',
      'host.done db01',
      'host.skipped iso',
      'host.started web01',
      'host.done web01',
    ]);
  });

  it('touches no further host when one fails', async () => {
    const fresh = await buildStandInSystem({ name: 'web01', note: 'for nobody' });
    await web.setBehaviour('fail');
    const outcomes = await deploy('switch', [planned(web), planned(db, { toplevel: fresh })]);
    expect(outcomes).toEqual([
      {
        host: 'web01',
        result: 'failed',
        message:
          'web01: switch failed (exit code 1); the host may be partly changed, ' +
          'and the system profile points to the new system',
      },
      { host: 'db01', result: 'skipped', reason: 'not touched, because web01 failed before' },
    ]);
    expect(lines()).toContain('activation script failed');
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'host.failed', host: 'web01', phase: 'activating' }),
    );
    expect(await isValid(db, fresh)).toBe(false);
    expect(await calls(db)).toEqual([]);
  });

  it.each([
    ['fail 4', 'web01: the new system is active, but some units failed (exit code 4)'],
    [
      'fail 100',
      'web01: the new system needs reboot: it is not active yet, and will be after the next boot (exit code 100)',
    ],
  ] as const)('says what state the host is in when it was told to %s', async (behaviour, message) => {
    await web.setBehaviour(behaviour);
    expect(await deploy('switch', [planned(web)])).toEqual([{ host: 'web01', result: 'failed', message }]);
  });

  it('says that nothing was activated when the profile cannot be set', async () => {
    await web.exec(`mkdir -p ${profile}/in-the-way`);
    const [outcome] = await deploy('switch', [planned(web)]);
    expect(outcome).toMatchObject({
      result: 'failed',
      message: 'web01: the system profile could not be set (exit code 1); nothing was activated',
    });
    expect(lines().join('\n')).toContain(profile);
    expect(await calls(web)).toEqual([]);
  });

  it('fails a host that nobody answers for', async () => {
    await web.killSshd();
    try {
      const [outcome, next] = await deploy('switch', [planned(web), planned(db)]);
      expect(outcome).toMatchObject({
        result: 'failed',
        message: expect.stringMatching(new RegExp(`${web.address}.*Connection refused`, 's')),
      });
      expect(next).toMatchObject({ result: 'skipped' });
      expect(phases()).toEqual(['connecting']);
    } finally {
      await web.startSshd();
    }
  });

  it('refuses an address that ssh could take for an option', async () => {
    const outcomes = await deploy('switch', [
      planned(web, { target: { host: '-oProxyCommand=touch /nix/var/injected' } }),
    ]);
    expect(outcomes[0]).toMatchObject({
      result: 'failed',
      message: expect.stringContaining('wanted a host name or an IP address'),
    });
    await expect(readlink('/nix/var/injected')).rejects.toThrow('ENOENT');
  });

  it('ends an activation that hangs at its deadline', async () => {
    await web.setBehaviour('hang');
    const [outcome] = await deploy('test', [planned(web)], { activationTimeoutMs: 1500 });
    expect(outcome).toEqual({
      host: 'web01',
      result: 'failed',
      message:
        `${system}/bin/switch-to-configuration test did not end within 1.5 s and was cut off; ` +
        `it may still be running on ${web.address}`,
    });
  });

  it('notices when the activation cuts the network', async () => {
    await web.setBehaviour('cut-network');
    const impatient = {
      ...web.ssh.settings,
      extraArgs: ['-o', 'ServerAliveInterval=1', '-o', 'ServerAliveCountMax=2'],
    };
    try {
      const [outcome] = await deploy('test', [planned(web)], { ssh: impatient });
      expect(outcome).toEqual({
        host: 'web01',
        result: 'failed',
        message:
          'web01: the connection was lost while test was running; it may still be, or may have stopped half-way ' +
          '(ssh ended with exit code 255)',
      });
    } finally {
      await web.restoreNetwork();
    }
  });

  it('stops when it is interrupted in the middle of copying, and a second run ends it', async () => {
    const big = await addBigSystem();
    const controller = new AbortController();
    const run = deploy('test', [planned(web, { toplevel: big }), planned(db)], {
      signal: controller.signal,
      emit: (event) => {
        events.push(event);
        if (event.type === 'copy.progress') controller.abort();
      },
    });
    await expect(run).rejects.toMatchObject({
      code: 'interrupted',
      message: 'the deployment was interrupted; done before that: no host',
    });
    expect(events).toContainEqual({
      type: 'host.failed',
      host: 'web01',
      phase: 'copying',
      message: 'interrupted while copying to it',
    });
    expect(events).toContainEqual(expect.objectContaining({ type: 'host.skipped', host: 'db01' }));
    expect(await isValid(web, big)).toBe(false);
    await expect.poll(() => sshProcesses(), { timeout: 30_000 }).toEqual([]);

    expect(await deploy('test', [planned(web, { toplevel: big })])).toEqual([
      { host: 'web01', result: 'deployed' },
    ]);
    expect(await calls(web)).toEqual([`test ${big}`]);
  });

  it('stops when it is interrupted while activating, and leaves no ssh behind', async () => {
    await web.setBehaviour('hang');
    const controller = new AbortController();
    const run = deploy('test', [planned(web)], {
      signal: controller.signal,
      emit: (event) => {
        events.push(event);
        if (event.type === 'host.phase' && event.phase === 'activating')
          setTimeout(() => controller.abort(), 300);
      },
    });
    await expect(run).rejects.toMatchObject({ code: 'interrupted' });
    expect(events).toContainEqual({
      type: 'host.failed',
      host: 'web01',
      phase: 'activating',
      message: 'interrupted while activating; that may still be going on there',
    });
    await expect.poll(() => sshProcesses(), { timeout: 30_000 }).toEqual([]);
  });

  it('keeps the new system from the collector while it is being activated', async () => {
    const fresh = await buildStandInSystem({ name: 'web01', note: 'not in any profile' });
    // Sent before, by a connection that is gone: what is being sent is kept by the daemon itself.
    await deploy('push', [planned(web, { toplevel: fresh })]);
    await web.setBehaviour('hang');
    const controller = new AbortController();
    const run = deploy('dry-activate', [planned(web, { toplevel: fresh })], { signal: controller.signal });
    await expect.poll(() => calls(web), { timeout: 30_000 }).toEqual([`dry-activate ${fresh}`]);
    // In a world where the collector cannot see the processes that have the system's files open.
    await web.exec(['unshare', '--pid', '--fork', '--mount-proc', 'nix-store', '--gc']);
    expect(await isValid(web, fresh)).toBe(true);
    controller.abort();
    await expect(run).rejects.toMatchObject({ code: 'interrupted' });
  });
});

async function addText(
  name: string,
  text: string,
  references: readonly StorePath[] = [],
): Promise<StorePath> {
  return store.addToStore({ name, method: 'text', content: Buffer.from(text), references });
}

/** A system that takes a while to copy. */
async function addBigSystem(): Promise<StorePath> {
  const script = await addText('copy', '');
  const { stdout } = await runProcess([
    'nix-build',
    '--no-out-link',
    '-E',
    `derivation {
      name = "big-system"; system = builtins.currentSystem; builder = "/bin/sh";
      base = builtins.storePath ${system}; seed = builtins.storePath ${script};
      args = [ "-c" "cp -r $base $out; chmod u+w $out; dd if=/dev/urandom of=$out/big bs=1M count=96" ];
    }`,
  ]);
  return parseStorePath(stdout.trim());
}

/** Command lines of all ssh clients in this lab. */
async function sshProcesses(): Promise<string[]> {
  const { stdout } = await runProcess(['ps', '-eo', 'args']);
  return stdout.split('\n').filter((line) => /^(\S*\/)?ssh /.test(line));
}
