import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeployPlan, HostOutcome, PlannedHost } from '../../src/deploy/deploy-plan.ts';
import { defaultPolicy } from '../../src/deploy/rollout/default-policy.ts';
import { memoryJournal, plannedEntry } from '../../src/deploy/testing/memory-journal.ts';
import { plannedHost, planOf } from '../../src/deploy/testing/plan-of.ts';
import type { ProteusEvent } from '../../src/events/event.ts';
import { parseStorePath, type StorePath } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';
import { buildStandInSystem } from '../lab/stand-in-system.ts';
import { type RollOutOptions, rollOut } from './roll-out.ts';

const profile = '/nix/var/nix/profiles/system';
let lab: Lab;
let store: Store;
let web: LabHost;
let db: LabHost;
let old: StorePath;
let system: StorePath;

beforeAll(async () => {
  old = await buildStandInSystem({ name: 'web01', note: 'old' });
  system = await buildStandInSystem({ name: 'web01' });
  store = await openStore({ type: 'local' });
  lab = await createLab();
  [web, db] = await Promise.all([lab.addHost('web01'), lab.addHost('db01')]);
  await rollOut(planOf('push', [planned(web, { toplevel: old }), planned(db, { toplevel: old })]), {
    store,
    ssh: web.ssh.settings,
  });
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

let events: ProteusEvent[];
/** Both run the old system, and nobody remembers anything. */
beforeEach(async () => {
  events = [];
  for (const host of [web, db]) {
    await host.setBehaviour(undefined);
    // By itself: what follows would be taken for an activation.
    await host.exec("pkill -KILL -f '/bin/switch-to-configuratio[n]'", { okCodes: [0, 1] });
    await host.exec(`
      rm -rf /run/proteus /nix/var/nix/proteus ${profile}* /run/current-system
      nix-env --profile ${profile} --set ${old} && ${old}/bin/switch-to-configuration switch
      rm -f /var/log/switch.log`);
  }
});

function planned(host: LabHost, change: Partial<PlannedHost> = {}): PlannedHost {
  return plannedHost({ name: host.name, target: host.ssh.target, toplevel: system, ...change });
}

async function deploy(
  action: DeployPlan['action'],
  hosts: readonly PlannedHost[],
  options: Partial<RollOutOptions> & { readonly policy?: Partial<DeployPlan['policy']> } = {},
): Promise<readonly HostOutcome[]> {
  const policy = { ...defaultPolicy, ...options.policy };
  const { outcomes } = await rollOut(planOf(action, hosts, { policy }), {
    store,
    ssh: web.ssh.settings,
    emit: (event) => events.push(event),
    ...options,
  });
  return outcomes;
}

/** What the stand-in was called with. */
async function calls(host: LabHost): Promise<string[]> {
  return (await host.systemLog()).map(({ action, toplevel }) => `${action} ${toplevel}`);
}

/** What the host runs, and what its profile says. */
async function stands(host: LabHost): Promise<readonly string[]> {
  const { stdout } = await host.exec(`readlink -f /run/current-system ${profile}`);
  return stdout.trim().split('\n');
}

const phases = () => events.filter((event) => event.type === 'host.phase').map((event) => event.phase);
const lines = () => events.filter((event) => event.type === 'host.log').map((event) => event.line);
const isValid = (host: LabHost, path = system) =>
  host.exec(['nix-store', '--check-validity', path], { okCodes: [0, 1] }).then(({ code }) => code === 0);
const deployed = [{ host: 'web01', result: 'deployed' }];

describe('a host of a rollout', () => {
  it('switches: it runs the new system, and its profile says so', async () => {
    expect(await deploy('switch', [planned(web)])).toEqual(deployed);
    expect(await calls(web)).toEqual([`switch ${system}`]);
    expect(await stands(web)).toEqual([system, system]);
    expect(phases()).toEqual([
      'connecting',
      'copying',
      'checking',
      'activating',
      'confirming',
      'checking-health',
      'confirming',
    ]);
    expect(lines()).toContain('activating the configuration...');
  });

  it('is recorded with what changes on it, be it that only the host still has what it ran', async () => {
    const elsewhere = await buildStandInSystem({ name: 'web01', note: 'from elsewhere' });
    await deploy('push', [planned(web, { toplevel: elsewhere })]);
    await web.exec(`nix-env --profile ${profile} --set ${elsewhere}
      ${elsewhere}/bin/switch-to-configuration switch`);
    await runProcess(['nix-store', '--delete', elsewhere]);
    const plan = planOf('switch', [planned(web), planned(db)]);
    const journal = { ...memoryJournal([plannedEntry(plan)]), id: 'diffs' };
    await rollOut(plan, { store, ssh: web.ssh.settings, journal });

    const diffs = journal.written.flatMap((entry) => (entry.type === 'diff' ? [entry] : []));
    const units = { added: [], removed: [], changed: [] };
    const closure = { packages: [], rebuilt: 1, bytesBefore: expect.any(Number), newPaths: 1 };
    expect(Object.fromEntries(diffs.map(({ host, diff }) => [host, diff]))).toMatchObject({
      web01: { before: elsewhere, after: system, closure, units, unknown: [] },
      db01: { before: old, after: system, closure, units, unknown: [] },
    });
  });

  it('boots: only its profile says so', async () => {
    expect(await deploy('boot', [planned(web)])).toEqual(deployed);
    expect(await calls(web)).toEqual([`boot ${system}`]);
    expect(await stands(web)).toEqual([old, system]);
  });

  it('tests: its profile stays', async () => {
    expect(await deploy('test', [planned(web)])).toEqual(deployed);
    expect(await stands(web)).toEqual([system, old]);
  });

  it('activates nothing in a dry run, and says what it would', async () => {
    expect(await deploy('dry-activate', [planned(web)])).toEqual(deployed);
    expect(await calls(web)).toEqual([`dry-activate ${system}`]);
    expect(await stands(web)).toEqual([old, old]);
    expect(phases()).toEqual(['connecting', 'copying', 'checking', 'activating']);
  });

  it('is pushed to with all that is referred to', async () => {
    const dependency = await addText('dependency', 'x');
    const top = await addText('push-me', `refers to ${dependency}`, [dependency]);
    expect(await deploy('push', [planned(web, { toplevel: top })])).toEqual(deployed);
    expect(await isValid(web, dependency)).toBe(true);
    expect(await calls(web)).toEqual([]);
    expect(events.find((event) => event.type === 'copy.done')).toMatchObject({ paths: 2, to: 'web01' });
  });

  it('that runs it already is not activated again', async () => {
    expect(await deploy('switch', [planned(web, { toplevel: old })])).toEqual(deployed);
    expect(await calls(web)).toEqual([]);
    expect(phases()).toEqual(['connecting', 'checking', 'checking-health']);
  });

  it('that fails goes back, and the next one is not touched', async () => {
    const fresh = await buildStandInSystem({ name: 'web01', note: 'for nobody' });
    await web.setBehaviour('fail 1', system);
    expect(await deploy('switch', [planned(web), planned(db, { toplevel: fresh })])).toEqual([
      { host: 'web01', result: 'rolled-back', message: expect.stringContaining('exit code 1') },
      { host: 'db01', result: 'skipped', reason: 'not touched, because web01 failed before' },
    ]);
    expect(await stands(web)).toEqual([old, old]);
    expect(await isValid(db, fresh)).toBe(false);
    expect(await calls(db)).toEqual([]);
  });

  it('with failed units runs the new system all the same', async () => {
    await web.setBehaviour('fail 4', system);
    expect(await deploy('switch', [planned(web)])).toEqual([
      { host: 'web01', result: 'degraded', message: 'some units failed' },
    ]);
    expect(await stands(web)).toEqual([system, system]);
  });

  it('that nobody answers for fails, and keeps the others from being begun', async () => {
    await web.killSshd();
    try {
      expect(await deploy('switch', [planned(web), planned(db)])).toEqual([
        { host: 'web01', result: 'failed', message: expect.stringContaining('Connection refused') },
        { host: 'db01', result: 'skipped', reason: 'not touched, because web01 failed before' },
      ]);
      expect(phases()).toEqual(['connecting']);
    } finally {
      await web.startSshd();
    }
  });

  it('is in the hand of one rollout at a time', async () => {
    await web.setBehaviour('slow', system);
    const first = deploy('test', [planned(web)]);
    await expect.poll(() => calls(web), { timeout: 30_000 }).toEqual([`test ${system}`]);
    const other = memoryJournal([plannedEntry(planOf('test', [planned(web)]))]);
    const { outcomes } = await rollOut(planOf('test', [planned(web)]), {
      store,
      ssh: web.ssh.settings,
      journal: { ...other, id: 'rollout-2' },
    });
    expect(outcomes).toEqual([{ host: 'web01', result: 'failed', message: expect.stringMatching(/lab-\d/) }]);
    expect(await first).toEqual(deployed);
  });
});

describe('a rollout that is interrupted', () => {
  it('in the middle of copying touches nothing, and is ended by a later executor', async () => {
    const big = await addBigSystem();
    const plan = planOf('test', [planned(web, { toplevel: big }), planned(db)]);
    const journal = memoryJournal([plannedEntry(plan)]);
    const controller = new AbortController();
    const options = { store, ssh: web.ssh.settings };
    const emit = (event: ProteusEvent): void => {
      events.push(event);
      if (event.type === 'copy.progress') controller.abort();
    };
    const run = rollOut(plan, { ...options, journal, signal: controller.signal, emit });
    await expect(run).rejects.toMatchObject({
      code: 'interrupted',
      message: 'the rollout was interrupted; done before that: no host',
    });
    expect(await isValid(web, big)).toBe(false);
    expect(await calls(db)).toEqual([]);
    await expect.poll(() => sshProcesses(), { timeout: 30_000 }).toEqual([]);

    const end = await rollOut(plan, { ...options, journal: memoryJournal(journal.written) });
    expect(end.result).toBe('succeeded');
    expect(await calls(web)).toEqual([`test ${big}`]);
  });

  it('in the middle of an activation sees it to its end', async () => {
    await web.setBehaviour('slow', system);
    const controller = new AbortController();
    const run = deploy('switch', [planned(web), planned(db)], {
      signal: controller.signal,
      emit: (event) => {
        events.push(event);
        if (event.type === 'host.log' && event.line.includes('step 1')) controller.abort();
      },
    });
    await expect(run).rejects.toMatchObject({
      message: 'the rollout was interrupted; done before that: web01',
    });
    expect(await stands(web)).toEqual([system, system]);
    expect(await calls(db)).toEqual([]);
    await expect.poll(() => sshProcesses(), { timeout: 30_000 }).toEqual([]);
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
      args = [ "-c" "cp -r $base $out; chmod u+w $out; dd if=/dev/urandom of=$out/big bs=1M count=32" ];
    }`,
  ]);
  return parseStorePath(stdout.trim());
}

/** Command lines of all ssh clients in this lab. */
async function sshProcesses(): Promise<string[]> {
  const { stdout } = await runProcess(['ps', '-eo', 'args']);
  return stdout.split('\n').filter((line) => /^(\S*\/)?ssh /.test(line));
}
