import { describe, expect, it } from 'vitest';
import { plannedHost, planOf } from '../../deploy/testing/plan-of.ts';
import type { ServerEvent } from '../../events/event.ts';
import { AppError } from '../../util/app-error.ts';
import { openTestDatabase, testPath } from '../testing/test-database.ts';
import { createRollouts, type RolloutsDeps } from './create-rollouts.ts';
import type { RolloutRequest } from './rollouts.ts';

const request: RolloutRequest = {
  project: 'fleet',
  jobset: 'Main.x',
  action: 'switch',
  selectors: {},
  policy: {},
  uploadSecrets: false,
  reboot: false,
  skipPreDeployChecks: false,
  skipHealthChecks: false,
  force: false,
  why: 'a new kernel',
};

async function setUp(run: RolloutsDeps['run'] = waitForAbort) {
  const test = await openTestDatabase();
  const { database } = test;
  const events: ServerEvent[] = [];
  const told: string[] = [];
  let names = ['web'];
  let count = 0;
  const open = () => {
    const closing = new AbortController();
    const rollouts = createRollouts({
      database,
      plan: async ({ action, project, jobset }) => ({
        plan: planOf(
          action,
          names.map((name) => plannedHost({ name, target: { host: name }, toplevel: testPath(name) })),
          { source: { type: 'evaluation', server: undefined, project, jobset, evaluation: 7 } },
        ),
        leftOut: [{ host: 'zoo', why: 'it did not evaluate' }],
      }),
      run: (rollout, options) => {
        told.push(`${rollout.id} ${options.control.state}`);
        return run(rollout, options);
      },
      emit: (event) => events.push(event),
      randomWord: () => `w${++count}`,
      now: () => 1000,
      signal: closing.signal,
    });
    return { rollouts, closing };
  };
  const plan = (...hosts: string[]) => {
    names = hosts;
  };
  const stateOf = async (id: string) => (await database.rollouts.get(id))?.state;
  return { test, database, events, told, open, plan, stateOf };
}

/** As an executor with a host that takes long does. */
const waitForAbort: RolloutsDeps['run'] = async (_, { control, signal }) => {
  while (control.state !== 'aborted' && !signal.aborted) await control.changed(signal);
  throw new AppError('interrupted', 'interrupted');
};

describe('rollouts of a server', () => {
  it('are planned and wait, then run when they are approved', async () => {
    const { test, database, told, open, stateOf } = await setUp();
    await using _ = test;
    const { rollouts, closing } = open();
    const made = await rollouts.create(request, 'alice');

    expect(made).toMatchObject({
      id: 'main-x-7-w1',
      evaluation: 7,
      state: 'planned',
      createdBy: 'alice',
      why: 'a new kernel',
      leftOut: '[{"host":"zoo","why":"it did not evaluate"}]',
    });
    expect(await database.rollouts.hosts(made.id)).toMatchObject([{ host: 'web', wave: 0 }]);
    expect(told).toEqual([]);
    await rollouts.approve(made.id, 'bob');
    await expect.poll(() => stateOf(made.id)).toBe('running');
    await expect(rollouts.approve(made.id, 'bob')).rejects.toMatchObject({
      code: 'rollout.state',
      message: 'rollout main-x-7-w1 cannot be approved: it is running',
    });
    closing.abort();
    await rollouts.idle();
  });

  it('never share a host', async () => {
    const { test, open, plan, told } = await setUp();
    await using _ = test;
    const { rollouts, closing } = open();
    plan('web', 'db');
    const first = await rollouts.create(request, 'alice');
    plan('db');
    const second = await rollouts.create(request, 'alice');
    await rollouts.approve(first.id, 'bob');

    await expect(rollouts.approve(second.id, 'bob')).rejects.toMatchObject({
      code: 'rollout.busy',
      message: `rollout ${second.id} cannot begin: others have db (by ${first.id})`,
    });
    await expect(rollouts.removeHost('fleet', 'db')).rejects.toMatchObject({ code: 'rollout.busy' });
    await expect(rollouts.removeHost('fleet', 'nix')).rejects.toMatchObject({ code: 'host.unknown' });
    expect(told).toEqual([`${first.id} running`]);
    closing.abort();
    await rollouts.idle();
  });

  it('are paused, go on and are aborted; a server that starts again takes them up as they were', async () => {
    const { test, told, open, stateOf } = await setUp();
    await using _ = test;
    const before = open();
    const { id } = await before.rollouts.create(request, 'alice');
    await before.rollouts.approve(id, 'bob');
    await expect.poll(() => stateOf(id)).toBe('running');
    await before.rollouts.pause(id, 'carol');
    await expect(before.rollouts.pause(id, 'carol')).rejects.toMatchObject({
      message: `rollout ${id} cannot be paused: it is paused`,
    });
    before.closing.abort();
    await before.rollouts.idle();

    const after = open();
    await after.rollouts.start();
    expect(told).toEqual([`${id} running`]);
    await expect.poll(() => told).toEqual([`${id} running`, `${id} paused`]);
    await after.rollouts.resume(id, 'carol');
    expect(await stateOf(id)).toBe('running');
    await after.rollouts.abort(id, 'carol');
    await after.rollouts.idle();
    expect(await stateOf(id)).toBe('ended');
    await expect(after.rollouts.abort(id, 'carol')).rejects.toMatchObject({ code: 'rollout.state' });
    await expect(after.rollouts.abort('nosuch', 'carol')).rejects.toMatchObject({ code: 'rollout.unknown' });
  });

  it('that cannot be executed end, say why, and let their hosts go', async () => {
    const { test, database, events, open } = await setUp(async () => {
      throw new AppError('store.path-missing', 'the system of web is lost');
    });
    await using _ = test;
    const { rollouts } = open();
    const { id } = await rollouts.create(request, 'alice');
    await rollouts.approve(id, 'bob');
    await rollouts.idle();

    expect(await database.rollouts.get(id)).toMatchObject({
      state: 'ended',
      result: 'failed',
      message: 'the system of web is lost',
      endedAt: 1000,
    });
    expect(await database.hosts.find('fleet', 'web')).toMatchObject({ claimedBy: null });
    expect(events).toContainEqual({
      type: 'message',
      level: 'error',
      text: `rollout ${id} ended: the system of web is lost`,
    });
  });

  it('that are aborted before they began end at once', async () => {
    const { test, database, told, open } = await setUp();
    await using _ = test;
    const { rollouts } = open();
    const { id } = await rollouts.create(request, 'alice');
    await rollouts.abort(id, 'bob');

    expect(await database.rollouts.get(id)).toMatchObject({
      state: 'ended',
      result: 'aborted',
      message: 'aborted by bob before it began',
    });
    expect(told).toEqual([]);
  });

  it('leave cordoned hosts alone, also after a restart', async () => {
    const seen: (string | undefined)[] = [];
    const { test, open } = await setUp(async (_, { cordoned }) => {
      seen.push(cordoned('web'));
    });
    await using _ = test;
    const before = open().rollouts;
    await before.setCordon('fleet', 'web', { by: 'bob', reason: 'a bad disk' });
    await before.approve((await before.create(request, 'alice')).id, 'bob');
    await before.idle();
    const { rollouts } = open();
    await rollouts.start();
    await rollouts.idle();

    // It did not end the first time, so it was gone on with.
    expect(seen).toEqual(['cordoned by bob: a bad disk', 'cordoned by bob: a bad disk']);
  });
});
