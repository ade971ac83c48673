/** A rollout that is killed anywhere, again and again, comes to the same end as one that nobody disturbs. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import type { DeployPlan } from '../deploy-plan.ts';
import { type FakeBehaviour, type FakeFleet, fakeFleet } from '../testing/fake-fleet.ts';
import { memoryJournal, plannedEntry } from '../testing/memory-journal.ts';
import { plannedHost, planOf } from '../testing/plan-of.ts';
import { defaultPolicy } from './default-policy.ts';
import { executeRollout, type RolloutEnd } from './execute-rollout.ts';
import type { JournalEntry } from './journal.ts';

const fresh = parseStorePath(`/nix/store/${'1'.repeat(32)}-system-new`);
const names = ['db', 'web', 'x'];

function plan(change: Partial<DeployPlan> & Pick<DeployPlan, 'action'>): DeployPlan {
  const hosts = names.map((name) => plannedHost({ name, target: { host: name }, toplevel: fresh }));
  return planOf(change.action, hosts, { waves: [['db'], ['web', 'x']], uploadSecrets: true, ...change });
}

const failingHealth: FakeBehaviour = {
  fail: (host, step) => {
    if (host === 'web' && step === 'health-checks') throw new AppError('deploy.check-failed', 'it is ill');
  },
};

const scenarios: Readonly<Record<string, readonly [DeployPlan, FakeBehaviour]>> = {
  switch: [plan({ action: 'switch' }), {}],
  'switch and reboot': [plan({ action: 'switch', reboot: true }), {}],
  'boot and reboot': [plan({ action: 'boot', reboot: true }), {}],
  test: [plan({ action: 'test' }), {}],
  'dry-activate': [plan({ action: 'dry-activate' }), {}],
  push: [plan({ action: 'push' }), {}],
  'a failing host': [plan({ action: 'switch' }), failingHealth],
  'a failing host after its reboot': [plan({ action: 'switch', reboot: true }), failingHealth],
  'a failing host within the budget, side by side': [
    plan({ action: 'switch', policy: { ...defaultPolicy, parallel: 3, failureBudget: 1 } }),
    failingHealth,
  ],
  'degraded hosts': [
    plan({ action: 'switch' }),
    {
      activated: (host) =>
        host === 'db' ? { state: 'failed-units', units: ['a.service'] } : { state: 'needs-reboot' },
      partial: (host) => (host === 'x' ? ['key: no such owner'] : []),
    },
  ],
};

interface World {
  readonly fleet: FakeFleet;
  entries: readonly JournalEntry[];
}

/** Runs until the end, or until the `points`-th point at which anything changes: there the process is no more. */
async function run(
  world: World,
  open: (gate: () => Promise<void>) => FakeFleet,
  points: number,
): Promise<RolloutEnd | undefined> {
  let passed = 0;
  const dead = Promise.withResolvers<undefined>();
  const gate = async (): Promise<void> => {
    passed += 1;
    if (passed <= points) return;
    dead.resolve(undefined);
    await new Promise(() => {});
  };
  const journal = memoryJournal(world.entries, gate);
  const end = executeRollout(journal, {
    openSteps: open(gate).open,
    emit: () => {},
    signal: new AbortController().signal,
    by: 'somebody',
    now: () => 0,
  });
  const result = await Promise.race([end, dead.promise]);
  world.entries = [...journal.written];
  return result;
}

/** Kills it after so many points each time, then lets it come to its end. */
async function killed(scenario: string, kills: readonly number[]) {
  const [it, behaviour] = scenarios[scenario]!;
  let gate: () => Promise<void> = async () => {};
  const fleet = fakeFleet(names, { ...behaviour, gate: () => gate() });
  const world: World = { fleet, entries: [plannedEntry(it)] };
  const open = (next: () => Promise<void>): FakeFleet => {
    gate = next;
    return fleet;
  };
  let reached = false;
  for (const points of kills) reached = (await run(world, open, points)) === undefined;
  const end = await run(world, open, Number.POSITIVE_INFINITY);
  const hosts = [...fleet.hosts].map(([name, { current, profile, secrets, effects }]) => {
    return { name, current, profile, secrets: [...secrets], effects };
  });
  return { reached, story: { end, hosts } };
}

describe.each(Object.keys(scenarios))('%s', (scenario) => {
  it('comes to the same end when it is killed at any point', async () => {
    const { story } = await killed(scenario, []);
    let points = 0;
    for (let reached = true; reached; points += 1) {
      const disturbed = await killed(scenario, [points]);
      expect(disturbed.story, `killed after ${points} points`).toEqual(story);
      reached = disturbed.reached;
    }
    expect(points).toBeGreaterThan(20);
  });

  it('comes to the same end when it is killed again and again', async () => {
    const { story } = await killed(scenario, []);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(40), { maxLength: 6 }), async (kills) => {
        expect((await killed(scenario, kills)).story).toEqual(story);
      }),
      { numRuns: 40 },
    );
  });
});
