/** Hosts that build their systems themselves, out of derivations that they are sent. */

import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeployPlan } from '../../src/deploy/deploy-plan.ts';
import { memoryJournal, plannedEntry } from '../../src/deploy/testing/memory-journal.ts';
import { plannedHost, planOf } from '../../src/deploy/testing/plan-of.ts';
import type { ProteusEvent } from '../../src/events/event.ts';
import { parseStorePath, type StorePath } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import type { SshTarget } from '../../src/process/ssh.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { addLogin } from '../lab/add-login.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';
import { buildStandInSystem } from '../lab/stand-in-system.ts';
import { type RollOutOptions, rollOut } from './roll-out.ts';

interface System {
  readonly toplevel: StorePath;
  readonly drvPath: StorePath;
}

const standIn = join(import.meta.dirname, '../lab/stand-in-system.nix');
let lab: Lab;
let store: Store;
let web: LabHost;
let anna: SshTarget;
let events: ProteusEvent[];

beforeAll(async () => {
  store = await openStore({ type: 'local' });
  lab = await createLab();
  const sandbox = '/bin/sh=/bin/busybox /gate=/run/gate';
  web = await lab.addHost('web01', {
    daemon: true,
    nixConf: { 'require-sigs': 'true', cores: '3', 'sandbox-paths': sandbox },
  });
  await web.exec('mkdir /run/gate');
  anna = await addLogin(web, 'anna');
});
afterAll(async () => {
  await store?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  events = [];
  await web.exec('rm -f /var/log/switch.log');
});

let count = 0;

/** A system that is made of a part, which `script` builds; nothing is built yet. */
async function evaluated(
  script: string,
  { system = 'builtins.currentSystem', more = '' } = {},
): Promise<System> {
  count += 1;
  const part = `derivation { name = "part-${count}"; system = ${system}; builder = "/bin/sh";
    args = [ "-c" ''${script}'' ]; ${more} }`;
  const { stdout } = await runProcess([
    'nix-instantiate',
    '-E',
    `import ${standIn} { name = "web01"; note = "\${${part}}"; }`,
  ]);
  const drvPath = parseStorePath(stdout.trim());
  const toplevel = (await store.queryDerivationOutputMap(drvPath)).get('out');
  if (toplevel === undefined) throw new Error(`what ${drvPath} makes is not known`);
  return { drvPath, toplevel };
}

function planFor({ toplevel, drvPath }: System, target = web.ssh.target): DeployPlan {
  return planOf('switch', [plannedHost({ name: 'web01', target, toplevel, build: { drvPath } })]);
}

async function deploy(plan: DeployPlan, more: Partial<RollOutOptions> = {}) {
  const emit = (event: ProteusEvent): void => void events.push(event);
  const { outcomes } = await rollOut(plan, { store, ssh: web.ssh.settings, emit, ...more });
  return outcomes[0];
}

const lines = () => events.flatMap((event) => (event.type === 'host.log' ? [event.line] : []));
const switched = async () => (await web.systemLog()).map(({ toplevel }) => toplevel);
const isOnHost = async (path: StorePath): Promise<boolean> =>
  (await web.exec(['nix-store', '--check-validity', path], { okCodes: [0, 1] })).code === 0;
const done = { host: 'web01', result: 'deployed' };

describe('a host that builds its system itself', () => {
  it('is recorded with what changes on it, which nobody else has', async () => {
    const before = await evaluated('echo one > $out');
    const after = await evaluated('echo two > $out');
    expect(await deploy(planFor(before))).toEqual(done);
    const journal = { ...memoryJournal([plannedEntry(planFor(after))]), id: 'lab-recorded' };
    expect(await deploy(planFor(after), { journal })).toEqual(done);

    const [diff] = journal.written.flatMap((entry) => (entry.type === 'diff' ? [entry.diff] : []));
    const part = { name: 'part', change: 'up', before: [`${count - 1}`], after: [`${count}`] };
    expect(diff).toMatchObject({
      before: before.toplevel,
      after: after.toplevel,
      closure: { packages: [part], rebuilt: 1, newPaths: 2 },
      unknown: [],
    });
  });

  it('is sent what it is made of and builds as it is configured; here nothing is built', async () => {
    const system = await evaluated('echo "with $NIX_BUILD_CORES cores"; echo part > $out');

    expect(await deploy(planFor(system))).toEqual(done);
    expect(await switched()).toEqual([system.toplevel]);
    await web.exec(['nix-store', '--verify-path', system.toplevel]);
    expect(await store.isValidPath(system.toplevel)).toBe(false);
    expect(events).toContainEqual({ type: 'host.phase', host: 'web01', phase: 'building' });
    expect(lines()).toEqual(
      expect.arrayContaining([
        `building part-${count}`,
        `part-${count}> with 3 cores`,
        'building nixos-system-web01-lab',
      ]),
    );
    events = [];

    // What it has already it is not asked for again.
    expect(await deploy({ ...planFor(system), force: true })).toEqual(done);
    expect(events.map(({ type }) => type)).not.toContain('copy.started');
    expect(lines().filter((line) => line.startsWith('building'))).toEqual([]);
  });

  it('goes on after a cut: what had arrived and was built stays, what was being built ends', async () => {
    const first = `derivation { name = "first"; system = builtins.currentSystem; builder = "/bin/sh";
      args = [ "-c" "echo 1 > $out" ]; }`;
    const wait = 'until [ -e /gate/open ]; do busybox sleep 0.05; done';
    const system = await evaluated(`: is-waiting; ${wait}; echo part > $out`, { more: `first = ${first};` });
    const plan = planFor(system);
    const cut = new AbortController();
    const before = { ...memoryJournal([plannedEntry(plan)]), id: 'lab-cut' };
    const emit = (event: ProteusEvent): void => {
      events.push(event);
      if (event.type === 'host.log' && event.line === `building part-${count}`) cut.abort();
    };
    await expect(deploy(plan, { journal: before, emit, signal: cut.signal })).rejects.toMatchObject({
      code: 'interrupted',
    });
    expect(lines()).toContain('building first');
    const programs = () =>
      web.exec('cat /proc/[0-9]*/cmdline', { okCodes: [0, 1] }).then(({ stdout }) => stdout);
    await expect.poll(programs).not.toContain('is-waiting');
    expect(await switched()).toEqual([]);
    events = [];
    await web.exec('touch /run/gate/open');

    const after = { ...memoryJournal(before.written), id: 'lab-cut' };
    expect(await deploy(plan, { journal: after })).toEqual(done);
    expect(events.map(({ type }) => type)).not.toContain('copy.started');
    expect(lines()).toContain(`building part-${count}`);
    expect(lines()).not.toContain('building first');
    expect(await switched()).toEqual([system.toplevel]);
  });

  it('is reached again when the connection breaks in the middle of a build', async () => {
    const wait = 'until [ -e /gate/again ]; do busybox sleep 0.05; done';
    const system = await evaluated(`${wait}; echo part > $out`);
    let isCut = false;
    const emit = (event: ProteusEvent): void => {
      events.push(event);
      if (isCut || event.type !== 'host.log' || event.line !== `building part-${count}`) return;
      isCut = true;
      void (async () => {
        await web.killSshd();
        await web.exec('touch /run/gate/again');
        await web.startSshd();
      })();
    };

    expect(await deploy(planFor(system), { emit })).toEqual(done);
    expect(lines()).toContain('the connection was lost; trying to reach it again');
    expect(await switched()).toEqual([system.toplevel]);
  });

  it('is not touched when a build fails, and says which, why, and how its log ended', async () => {
    const system = await evaluated('echo "no such luck"; exit 3');

    expect(await deploy(planFor(system))).toEqual({
      host: 'web01',
      result: 'failed',
      message: expect.stringMatching(
        new RegExp(
          `^web01: it could not build part-${count}: .*exit code 3.*\n {2}the end of its log:\n {2}\\| no such luck$`,
        ),
      ),
    });
    expect(await switched()).toEqual([]);
    expect(await isOnHost(system.toplevel)).toBe(false);
  });

  it('says that it is no machine for it', async () => {
    const system = await evaluated('echo part > $out', { system: '"m68k-linux"' });

    expect(await deploy(planFor(system))).toEqual({
      host: 'web01',
      result: 'failed',
      message: expect.stringMatching(
        new RegExp(`^web01: it is no machine to build part-${count} on: .*m68k-linux`),
      ),
    });
    expect(await switched()).toEqual([]);
  });
});

describe('a login that the host does not trust', () => {
  it('may have it build what is named after its content', async () => {
    const system = await evaluated('echo part > $out');

    expect(await deploy(planFor(system, anna))).toEqual(done);
    expect(await switched()).toEqual([system.toplevel]);
  });

  it('is told what to do when it may not give it a source', async () => {
    const unsigned = await buildStandInSystem({ name: 'unsigned' });
    const system = await evaluated('echo part > $out', { more: `src = builtins.storePath ${unsigned};` });

    expect(await deploy(planFor(system, anna))).toEqual({
      host: 'web01',
      result: 'failed',
      message: expect.stringContaining(
        'web01: it does not take from anna what nixos-system-web01-lab.drv is built from: ',
      ),
    });
    expect(await switched()).toEqual([]);

    expect(await deploy(planFor(system))).toEqual(done);
  });
});
