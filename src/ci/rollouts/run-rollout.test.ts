/** One rollout with the real engine and the real journal, on hosts that are only data. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeployPlan } from '../../deploy/deploy-plan.ts';
import type { OpenHostSteps } from '../../deploy/rollout/host-steps.ts';
import { journalEntrySchema } from '../../deploy/rollout/journal-schema.ts';
import { uncontrolled } from '../../deploy/rollout/rollout-control.ts';
import { type FakeBehaviour, fakeFleet, oldSystem } from '../../deploy/testing/fake-fleet.ts';
import { plannedHost, planOf } from '../../deploy/testing/plan-of.ts';
import type { ServerEvent } from '../../events/event.ts';
import { openTestDatabase, testPath } from '../testing/test-database.ts';
import { rolloutLogFile } from './rollout-log.ts';
import { runRollout } from './run-rollout.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'proteus-rollout-'));
});
afterEach(() => rm(folder, { recursive: true }));

const names = ['web', 'db'];
const plan: DeployPlan = planOf(
  'switch',
  names.map((name) => plannedHost({ name, target: { host: name }, toplevel: testPath(name) })),
  { source: { type: 'evaluation', server: undefined, project: 'fleet', jobset: 'main', evaluation: 1 } },
);

async function setUp(behaviour: FakeBehaviour = {}) {
  const test = await openTestDatabase();
  const { database } = test;
  const fleet = fakeFleet(names, behaviour);
  const open: OpenHostSteps = (host, rollout) => ({
    ...fleet.open(host, rollout),
    diff: async (before) => ({ before, after: host.toplevel, unknown: [] }),
  });
  const events: ServerEvent[] = [];
  const brought: string[] = [];
  const logs: string[] = [];
  await database.rollouts.create({
    id: 'r1',
    project: 'fleet',
    jobset: 'main',
    evaluation: 1,
    action: 'switch',
    plan: JSON.stringify(plan),
    leftOut: '[]',
    createdBy: 'alice',
    why: '',
    createdAt: 1,
    hosts: plan.hosts.map(({ name, toplevel }) => ({ host: name, wave: 0, toplevel })),
    entry: JSON.stringify({ type: 'planned', at: 1, by: 'alice', why: '', plan }),
  });
  await database.rollouts.approve('r1', 'bob', 2);
  const run = async (signal = new AbortController().signal): Promise<void> => {
    const rollout = await database.rollouts.get('r1');
    if (rollout === undefined) throw new Error('it must be there');
    await runRollout(
      rollout,
      { control: uncontrolled, cordoned: () => undefined, signal },
      {
        database,
        openSteps: async () => ({ open, async [Symbol.asyncDispose]() {} }),
        bring: async (paths) => void brought.push(...paths),
        logDirectory: folder,
        logs: { began: (file) => logs.push(`+${file}`), ended: (file) => logs.push(`-${file}`) },
        emit: (event) => events.push(event),
        now: () => 5000,
        graceMs: 10,
      },
    );
  };
  return { test, database, fleet, events, brought, logs, run };
}

describe('a rollout of a server', () => {
  it('brings the systems, then deploys, and keeps all that happened', async () => {
    const { test, database, fleet, events, brought, logs, run } = await setUp();
    await using _ = test;
    await run();

    expect(brought).toEqual([testPath('web'), testPath('db')]);
    expect(fleet.hosts.get('db')?.current).toBe(testPath('db'));
    expect(await database.rollouts.get('r1')).toMatchObject({ state: 'ended', result: 'succeeded' });
    expect(await database.rollouts.hosts('r1')).toMatchObject([
      { host: 'web', result: 'deployed', previous: oldSystem },
      { host: 'db', result: 'deployed' },
    ]);
    expect(await database.hosts.find('fleet', 'web')).toMatchObject({
      system: testPath('web'),
      previousSystem: oldSystem,
      facts: expect.stringContaining('"bootId":"boot"'),
      claimedBy: null,
    });
    const diffs = (await database.rollouts.entries('r1')).filter((entry) => entry.includes('"diff"'));
    expect(diffs.map((entry) => journalEntrySchema.parse(JSON.parse(entry)))).toMatchObject(
      names.map((host) => ({ host, diff: { before: oldSystem, after: testPath(host) } })),
    );
    expect(events).toContainEqual(expect.objectContaining({ type: 'host.done', host: 'web', rollout: 'r1' }));
    const log = await readFile(path.join(folder, rolloutLogFile('r1', 0)), 'utf8');
    expect(log).toMatch(/^1970-01-01T00:00:05.000Z -- switch \/nix\/store\/.*activate on web.*-- done\n$/s);
    expect(logs.toSorted()).toEqual(
      [0, 1]
        .flatMap((index) => [`+${rolloutLogFile('r1', index)}`, `-${rolloutLogFile('r1', index)}`])
        .toSorted(),
    );
  });

  it('goes on where a server was killed, and does nothing twice', async () => {
    let broken = true;
    const { test, database, fleet, run } = await setUp({
      fail(host, step) {
        if (broken && host === 'db' && step === 'copy') throw new Error('stop here');
      },
    });
    await using _ = test;
    const append = database.rollouts.append.bind(database.rollouts);
    // As when the process dies after the first host.
    database.rollouts.append = async (id, position, entry, change) => {
      if (broken && change.host?.name === 'db' && change.host.result !== undefined) throw new Error('killed');
      return append(id, position, entry, change);
    };
    await expect(run()).rejects.toThrow('killed');
    broken = false;
    await run();

    expect(await database.rollouts.get('r1')).toMatchObject({ state: 'ended', result: 'succeeded' });
    expect(fleet.hosts.get('web')?.effects.filter((effect) => effect.startsWith('activated'))).toHaveLength(
      1,
    );
    expect(fleet.hosts.get('db')?.current).toBe(testPath('db'));
  });

  it('does nothing to hosts when its journal is none', async () => {
    const { test, database, fleet, run } = await setUp();
    await using _ = test;
    database.rollouts.entries = async () => ['{"type":"started","at":1,"by":"x"}'];

    await expect(run()).rejects.toMatchObject({ code: 'rollout.journal-invalid' });
    expect(fleet.hosts.get('web')?.current).toBe(oldSystem);
  });
});
