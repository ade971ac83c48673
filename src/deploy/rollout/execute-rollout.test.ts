import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProteusEvent } from '../../events/event.ts';
import { parseStorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import type { DeployPlan, RolloutPolicy } from '../deploy-plan.ts';
import { type FakeBehaviour, type FakeFleet, fakeFleet, oldSystem } from '../testing/fake-fleet.ts';
import { type MemoryJournal, memoryJournal, plannedEntry } from '../testing/memory-journal.ts';
import { plannedHost, planOf } from '../testing/plan-of.ts';
import { defaultPolicy } from './default-policy.ts';
import { type ExecuteOptions, executeRollout } from './execute-rollout.ts';
import type { RolloutControl } from './rollout-control.ts';

const fresh = parseStorePath(`/nix/store/${'1'.repeat(32)}-system-new`);

function plan(
  names: readonly string[],
  change: Partial<Omit<DeployPlan, 'policy'>> & { readonly policy?: Partial<RolloutPolicy> } = {},
): DeployPlan {
  const hosts = names.map((name) => plannedHost({ name, target: { host: name }, toplevel: fresh }));
  const { action = 'switch', policy, ...rest } = change;
  return planOf(action, hosts, { ...rest, policy: { ...defaultPolicy, ...policy } });
}

interface Played {
  readonly fleet: FakeFleet;
  readonly journal: MemoryJournal;
  readonly events: readonly ProteusEvent[];
  readonly end: ReturnType<typeof executeRollout>;
}

function play(
  it: DeployPlan,
  behaviour: FakeBehaviour &
    Partial<ExecuteOptions> & { readonly fleet?: FakeFleet; readonly journal?: MemoryJournal } = {},
): Played {
  const events: ProteusEvent[] = [];
  const fleet =
    behaviour.fleet ??
    fakeFleet(
      it.hosts.map(({ name }) => name),
      behaviour,
    );
  const journal = behaviour.journal ?? memoryJournal([plannedEntry(it)]);
  const end = executeRollout(journal, {
    openSteps: fleet.open,
    emit: (event) => events.push(event),
    signal: new AbortController().signal,
    by: 'somebody',
    ...behaviour,
  });
  return { fleet, journal, events, end };
}

const stepsOf = ({ journal }: Played, name: string) =>
  journal.written.flatMap((entry) => (entry.type === 'step' && entry.host === name ? [entry.step] : []));
const effects = ({ fleet }: Played, name: string) => fleet.hosts.get(name)?.effects;
const current = ({ fleet }: Played, name: string) => fleet.hosts.get(name)?.current;
const failing = (host: string, step: string, code: AppError['code'] = 'deploy.failed') => ({
  fail: (name: string, at: string) => {
    if (name === host && at === step) throw new AppError(code, `${host}: no luck`);
  },
});

describe('the steps of a host', () => {
  it.each([
    ['switch', {}, 'begin copy pre-deploy-checks activate confirm health-checks keep'],
    ['test', { skipHealthChecks: true, skipPreDeployChecks: true }, 'begin copy activate confirm keep'],
    [
      'switch',
      { uploadSecrets: true },
      'begin copy pre-deploy-checks secrets-before activate confirm secrets-after health-checks keep',
    ],
    [
      'switch',
      { uploadSecrets: true, reboot: true },
      'begin copy pre-deploy-checks secrets-before activate confirm keep reboot secrets-after health-checks',
    ],
    ['boot', { uploadSecrets: true }, 'begin copy pre-deploy-checks secrets-before activate secrets-after'],
    ['boot', { reboot: true }, 'begin copy pre-deploy-checks activate reboot health-checks'],
    ['dry-activate', { uploadSecrets: true, reboot: true }, 'begin copy pre-deploy-checks activate'],
    ['push', { uploadSecrets: true, reboot: true }, 'begin copy'],
  ] as const)('%s %j', async (action, change, steps) => {
    const played = play(plan(['web'], { action, ...change }));

    expect(await played.end).toEqual({
      result: 'succeeded',
      outcomes: [{ host: 'web', result: 'deployed' }],
    });
    expect(stepsOf(played, 'web').join(' ')).toBe(steps);
  });

  it('are told as phases, with what is printed, between the start and the end of a host', async () => {
    const played = play(plan(['web'], { action: 'push' }), { now: () => 7 });
    await played.end;

    expect(played.events).toEqual([
      { type: 'rollout.started', rollout: 'rollout-1', action: 'push', waves: [['web']] },
      { type: 'rollout.wave', rollout: 'rollout-1', wave: 1, of: 1 },
      { type: 'host.started', host: 'web', toplevel: fresh, action: 'push' },
      { type: 'host.phase', host: 'web', phase: 'connecting' },
      { type: 'host.log', host: 'web', line: 'begin on web' },
      { type: 'host.phase', host: 'web', phase: 'copying' },
      { type: 'host.log', host: 'web', line: 'copy on web' },
      { type: 'host.done', host: 'web', durationMs: 0 },
      { type: 'rollout.ended', rollout: 'rollout-1', result: 'succeeded', durationMs: 0 },
    ]);
  });

  it('are written down with what the host ran before', async () => {
    const played = play(plan(['web']), { now: () => 7 });
    await played.end;

    expect(played.journal.written.slice(1).map(({ type }) => type)).toEqual(
      'started wave step step step previous step step step step host ended'.split(' '),
    );
    expect(played.journal.written).toContainEqual({
      type: 'previous',
      at: 7,
      host: 'web',
      current: oldSystem,
      profile: oldSystem,
    });
  });
});

describe('a host that runs its new system already', () => {
  async function again(change: Parameters<typeof plan>[1]) {
    const first = play(plan(['web']));
    await first.end;
    const second = play(plan(['web'], change), { fleet: first.fleet });
    expect(await second.end).toMatchObject({ result: 'succeeded' });
    return stepsOf(second, 'web').join(' ');
  }

  it('is not activated anew, but gets its secrets and is checked', async () => {
    expect(await again({ uploadSecrets: true })).toBe(
      'begin pre-deploy-checks secrets-before secrets-after health-checks',
    );
    expect(await again({ action: 'boot' })).toBe('begin pre-deploy-checks');
    expect(await again({ reboot: true })).toBe('begin pre-deploy-checks reboot health-checks');
  });

  it('is activated all the same when that is asked for', async () => {
    expect(await again({ force: true })).toContain('checks activate');
  });

  it('fails without going anywhere when its checks fail', async () => {
    const first = play(plan(['web']));
    await first.end;
    const fleet = fakeFleet(['web'], failing('web', 'health-checks', 'deploy.check-failed'));
    Object.assign(fleet.hosts.get('web')!, { current: fresh, profile: fresh });
    const second = play(plan(['web']), { fleet });

    expect(await second.end).toEqual({
      result: 'failed',
      outcomes: [{ host: 'web', result: 'failed', message: 'web: no luck' }],
    });
    expect(current(second, 'web')).toBe(fresh);
  });
});

describe('a host that fails', () => {
  it.each(['begin', 'pre-deploy-checks', 'copy', 'secrets pre-activation'])(
    'at %s is failed, and runs what it ran',
    async (step) => {
      const played = play(plan(['web'], { uploadSecrets: true }), failing('web', step));

      expect(await played.end).toEqual({
        result: 'failed',
        outcomes: [{ host: 'web', result: 'failed', message: 'web: no luck' }],
      });
      expect(current(played, 'web')).toBe(oldSystem);
      expect(effects(played, 'web')).not.toContain('rolled back');
    },
  );

  it.each(['activate', 'confirm', 'secrets post-activation', 'health-checks', 'keep'])(
    'at %s goes back, and is told so',
    async (step) => {
      const played = play(plan(['web'], { uploadSecrets: true }), failing('web', step));

      expect(await played.end).toEqual({
        result: 'failed',
        outcomes: [{ host: 'web', result: 'rolled-back', message: 'web: no luck' }],
      });
      expect(current(played, 'web')).toBe(oldSystem);
      expect(played.journal.written).toContainEqual(
        expect.objectContaining({ type: 'step', step: 'roll-back', why: 'web: no luck' }),
      );
      expect(played.events).toContainEqual(
        expect.objectContaining({ type: 'host.failed', rolledBack: true, message: 'web: no luck' }),
      );
    },
  );

  it('after its reboot goes back, too', async () => {
    const played = play(plan(['web'], { reboot: true }), failing('web', 'health-checks'));

    expect(await played.end).toMatchObject({ outcomes: [{ result: 'rolled-back' }] });
    expect(effects(played, 'web')).toEqual([
      'copied',
      'activated switch',
      'confirmed',
      'kept',
      'rebooted',
      'rolled back',
    ]);
  });

  it('stays as it is without rollback', async () => {
    const played = play(plan(['web'], { policy: { rollBack: false } }), failing('web', 'health-checks'));

    expect(await played.end).toMatchObject({ outcomes: [{ result: 'failed', message: 'web: no luck' }] });
    expect(current(played, 'web')).toBe(fresh);
  });

  it('at a dry-activate has nothing to go back from', async () => {
    const played = play(plan(['web'], { action: 'dry-activate' }), failing('web', 'activate'));

    expect(await played.end).toMatchObject({ outcomes: [{ result: 'failed' }] });
    expect(effects(played, 'web')).not.toContain('rolled back');
  });

  it('and cannot go back either is failed, with both messages', async () => {
    const played = play(plan(['web']), {
      fail: (_, step) => {
        if (step === 'health-checks') throw new AppError('deploy.check-failed', 'it does not answer');
        if (step === 'roll-back') throw new AppError('deploy.failed', 'the old one neither');
      },
    });

    expect(await played.end).toEqual({
      result: 'failed',
      outcomes: [
        {
          host: 'web',
          result: 'failed',
          message: 'it does not answer; going back failed, too: the old one neither',
        },
      ],
    });
  });

  it('keeps the others from being begun', async () => {
    const played = play(plan(['db', 'web', 'x']), failing('web', 'activate'));

    expect(await played.end).toEqual({
      result: 'failed',
      outcomes: [
        { host: 'db', result: 'deployed' },
        { host: 'web', result: 'rolled-back', message: 'web: no luck' },
        { host: 'x', result: 'skipped', reason: 'not touched, because web failed before' },
      ],
    });
    expect(effects(played, 'x')).toEqual([]);
  });

  it('keeps those from being activated that are only prepared', async () => {
    const copying = Promise.withResolvers<void>();
    const played = play(plan(['web', 'x'], { policy: { parallel: 2 } }), {
      fail: (host, step) => {
        if (host === 'web' && step === 'activate') throw new AppError('deploy.failed', 'no luck');
      },
      gate: (point, { signal }) => {
        if (point !== 'x copy') return Promise.resolve();
        signal.addEventListener('abort', () => copying.resolve());
        return copying.promise;
      },
    });

    expect(await played.end).toMatchObject({
      outcomes: [
        { result: 'rolled-back' },
        { result: 'skipped', reason: 'not touched, because web failed before' },
      ],
    });
    expect(effects(played, 'x')).toEqual([]);
  });
});

describe('a host that is not quite right', () => {
  it('is degraded by failed units and secrets, which are written down', async () => {
    const played = play(plan(['web'], { uploadSecrets: true }), {
      activated: () => ({ state: 'failed-units', units: ['a.service', 'b.service'] }),
      partial: () => ['key: its owner could not be set'],
    });

    expect(await played.end).toEqual({
      result: 'degraded',
      outcomes: [
        {
          host: 'web',
          result: 'degraded',
          message: 'secrets: key: its owner could not be set; some units failed: a.service, b.service',
        },
      ],
    });
    expect(played.journal.written).toContainEqual(expect.objectContaining({ type: 'trouble', host: 'web' }));
  });

  const needsReboot: FakeBehaviour = { activated: () => ({ state: 'needs-reboot' }) };

  it('needs a reboot, and is not checked before', async () => {
    const played = play(plan(['web']), needsReboot);

    expect(await played.end).toMatchObject({
      outcomes: [
        { result: 'degraded', message: 'needs a reboot: the new system takes effect at the next boot' },
      ],
    });
    expect(stepsOf(played, 'web').join(' ')).toBe('begin copy pre-deploy-checks activate confirm keep');
  });

  it('is fine when it is rebooted', async () => {
    const played = play(plan(['web'], { reboot: true }), needsReboot);

    expect(await played.end).toMatchObject({ outcomes: [{ result: 'deployed' }] });
    expect(current(played, 'web')).toBe(fresh);
  });

  it('fails to test what needs a reboot', async () => {
    const played = play(plan(['web'], { action: 'test' }), needsReboot);

    expect(await played.end).toMatchObject({
      outcomes: [{ result: 'rolled-back', message: expect.stringContaining('which test does not prepare') }],
    });
  });
});

describe('a host that cannot be reached', () => {
  const away = failing('web', 'begin', 'deploy.unreachable');

  it('fails', async () => {
    const played = play(plan(['web', 'x']), away);

    expect(await played.end).toMatchObject({
      result: 'failed',
      outcomes: [{ result: 'failed' }, { result: 'skipped' }],
    });
  });

  it('is skipped when that is asked for, and the rollout is degraded', async () => {
    const played = play(plan(['web', 'x'], { policy: { unreachable: 'skip' } }), away);

    expect(await played.end).toEqual({
      result: 'degraded',
      outcomes: [
        { host: 'web', result: 'skipped', reason: 'web: no luck' },
        { host: 'x', result: 'deployed' },
      ],
    });
  });

  it('is tried again until its time is over, and holds up no wave', async () => {
    let now = 0;
    let tries = 0;
    const played = play(
      plan(['web', 'x'], { waves: [['web'], ['x']], policy: { unreachable: 'queue', queueFor: 100 } }),
      {
        fail: (host, step) => {
          if (host !== 'web' || step !== 'begin') return;
          tries += 1;
          throw new AppError('deploy.unreachable', 'gone');
        },
        now: () => now,
        sleep: async (ms) => {
          now += ms;
        },
      },
    );

    expect(await played.end).toEqual({
      result: 'degraded',
      outcomes: [
        { host: 'web', result: 'skipped', reason: 'it could not be reached within 100 s' },
        { host: 'x', result: 'deployed' },
      ],
    });
    expect(tries).toBe(4);
    expect(now).toBe(100_000);
  });

  it('is deployed when it comes back', async () => {
    let now = 0;
    const played = play(plan(['web'], { policy: { unreachable: 'queue', queueFor: 1000 } }), {
      fail: (_, step) => {
        if (step === 'begin' && now < 90_000) throw new AppError('deploy.unreachable', 'gone');
      },
      now: () => now,
      sleep: async (ms) => {
        now += ms;
      },
    });

    expect(await played.end).toMatchObject({ result: 'succeeded' });
  });
});

describe('hosts that are left alone', () => {
  it('are those that are only built, and those that are cordoned', async () => {
    const it = plan(['iso', 'db', 'web']);
    const hosts = it.hosts.map((host) => (host.name === 'iso' ? { ...host, buildOnly: true } : host));
    const played = play(
      { ...it, hosts },
      { cordoned: (host) => (host === 'db' ? 'being mended' : undefined) },
    );

    expect(await played.end).toEqual({
      result: 'degraded',
      outcomes: [
        {
          host: 'iso',
          result: 'skipped',
          reason: 'Deployment steps are disabled for build-only host: iso',
        },
        { host: 'db', result: 'skipped', reason: 'cordoned: being mended' },
        { host: 'web', result: 'deployed' },
      ],
    });
  });

  it('have an address that ssh could take for something else', async () => {
    const it = plan(['web']);
    const hosts = it.hosts.map((host) => ({ ...host, target: { host: '-oProxyCommand=x' } }));
    const played = play({ ...it, hosts });

    expect(await played.end).toMatchObject({
      outcomes: [{ result: 'failed', message: expect.stringContaining('wanted a host name') }],
    });
    expect(stepsOf(played, 'web')).toEqual([]);
  });
});

/** A control that a test turns. */
function handle(): { control: RolloutControl; turn: (state: RolloutControl['state']) => void } {
  let state: RolloutControl['state'] = 'running';
  let turned = Promise.withResolvers<void>();
  return {
    control: {
      get state() {
        return state;
      },
      by: 'the boss',
      changed: (signal) =>
        Promise.race([
          turned.promise,
          new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
        ]),
    },
    turn(to) {
      state = to;
      turned.resolve();
      turned = Promise.withResolvers();
    },
  };
}

describe('the hand on a rollout', () => {
  it('pauses it between hosts, and resumes it', async () => {
    const { control, turn } = handle();
    const played = play(plan(['db', 'web']), {
      control,
      onStep: (host, step) => {
        if (host === 'db' && step === 'activate') turn('paused');
      },
    });
    const waiting = () =>
      played.events.flatMap((event) => (event.type === 'rollout.waiting' ? [event.state] : []));
    await expect.poll(waiting).toEqual(['paused']);
    expect(current(played, 'db')).toBe(fresh);
    expect(effects(played, 'web')).toEqual([]);

    turn('running');

    expect(await played.end).toMatchObject({ result: 'succeeded' });
    expect(waiting()).toEqual(['paused', 'going-on']);
    expect(played.journal.written).toContainEqual(
      expect.objectContaining({ type: 'resumed', by: 'the boss' }),
    );
  });

  it('aborts it: the host that is being activated is seen to its end', async () => {
    const { control, turn } = handle();
    const played = play(plan(['db', 'web']), {
      control,
      onStep: (host, step) => {
        if (host === 'db' && step === 'activate') turn('aborted');
      },
    });

    expect(await played.end).toEqual({
      result: 'aborted',
      outcomes: [
        { host: 'db', result: 'deployed' },
        { host: 'web', result: 'skipped', reason: 'the rollout was aborted before' },
      ],
    });
  });

  it('aborts it: the host that is not yet changed is left', async () => {
    const { control, turn } = handle();
    const played = play(plan(['db'], { uploadSecrets: true }), {
      control,
      gate: async (point, { signal }) => {
        if (point !== 'db secrets pre-activation done') return;
        turn('aborted');
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      },
    });

    expect(await played.end).toEqual({
      result: 'aborted',
      outcomes: [
        {
          host: 'db',
          result: 'skipped',
          reason: 'the rollout was aborted before; some of its secrets may be new already',
        },
      ],
    });
    expect(current(played, 'db')).toBe(oldSystem);
  });
});

describe('limits', () => {
  it('hold for every rollout, as traced on the hosts themselves', async () => {
    const limits = fc.record({
      hosts: fc.integer({ min: 1, max: 12 }),
      parallel: fc.integer({ min: 1, max: 5 }),
      maxUnavailable: fc.integer({ min: 1, max: 5 }),
      delays: fc.infiniteStream(fc.nat(3)),
    });
    await fc.assert(
      fc.asyncProperty(limits, async ({ hosts, parallel, maxUnavailable, delays }) => {
        const open = new Set<string>();
        const away = new Set<string>();
        const most = { open: 0, away: 0 };
        const names = Array.from({ length: hosts }, (_, index) => `h${index}`);
        const played = play(plan(names, { policy: { parallel, maxUnavailable } }), {
          onStep: (host, step, edge) => {
            if (step === 'begin' && edge === 'begin') open.add(host);
            if (step === 'activate' && edge === 'begin') away.add(host);
            if (step === 'keep' && edge === 'end') away.delete(host);
            if (step === 'close') open.delete(host);
            most.open = Math.max(most.open, open.size);
            most.away = Math.max(most.away, away.size);
          },
          gate: async () => {
            const turns = delays.next().value ?? 0;
            for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
          },
        });
        expect(await played.end).toMatchObject({ result: 'succeeded' });
        expect(most.open).toBeLessThanOrEqual(parallel);
        expect(most.away).toBeLessThanOrEqual(Math.min(parallel, maxUnavailable));
        // They are used, too.
        expect(most.open).toBe(Math.min(parallel, hosts));
      }),
      { numRuns: 60 },
    );
  });
});

describe('an interruption', () => {
  it('while copying leaves the host as if it had not been begun, and a later executor ends it', async () => {
    const controller = new AbortController();
    const played = play(plan(['db', 'web']), {
      signal: controller.signal,
      onStep: (host, step) => {
        if (host === 'db' && step === 'copy') controller.abort();
      },
    });

    await expect(played.end).rejects.toMatchObject({
      code: 'interrupted',
      message: 'the rollout was interrupted; done before that: no host',
    });
    expect(played.events).toContainEqual({
      type: 'host.failed',
      host: 'db',
      phase: 'copying',
      message: 'interrupted while copying to it',
    });
    const later = play(plan([]), { fleet: played.fleet, journal: memoryJournal(played.journal.written) });
    expect(await later.end).toMatchObject({ result: 'succeeded' });
  });

  it('while activating sees that host to its end, and begins no other', async () => {
    const controller = new AbortController();
    const played = play(plan(['db', 'web']), {
      signal: controller.signal,
      onStep: (host, step) => {
        if (host === 'db' && step === 'activate') controller.abort();
      },
    });

    await expect(played.end).rejects.toMatchObject({
      message: 'the rollout was interrupted; done before that: db',
    });
    expect(effects(played, 'db')).toContain('kept');
    expect(effects(played, 'web')).toEqual([]);
  });

  it('of the hard kind leaves hosts in the middle of it, which are taken up first', async () => {
    const controller = new AbortController();
    const played = play(plan(['db', 'web']), {
      kill: controller.signal,
      onStep: (host, step) => {
        if (host === 'db' && step === 'health-checks') controller.abort();
      },
    });
    await expect(played.end).rejects.toMatchObject({ code: 'interrupted' });
    expect(effects(played, 'db')).toEqual(['copied', 'activated switch', 'confirmed']);

    const later = play(plan([]), { fleet: played.fleet, journal: memoryJournal(played.journal.written) });

    expect(await later.end).toMatchObject({ result: 'succeeded' });
    expect(effects(played, 'db')).toEqual(['copied', 'activated switch', 'confirmed', 'kept']);
  });
});

describe('a journal', () => {
  it('that cannot be written ends the rollout before the next change', async () => {
    const journal = memoryJournal([plannedEntry(plan(['db', 'web']))]);
    const full: MemoryJournal = {
      ...journal,
      append: (entry) => {
        if (entry.type === 'step' && entry.step === 'activate') throw new Error('disk full');
        return journal.append(entry);
      },
    };
    const played = play(plan(['db', 'web']), { journal: full });

    await expect(played.end).rejects.toThrow('disk full');
    expect(current(played, 'db')).toBe(oldSystem);
    expect(effects(played, 'web')).toEqual([]);
  });

  it('that cannot be written any more lets the host that is being activated come to its end', async () => {
    const journal = memoryJournal([plannedEntry(plan(['db', 'web']))]);
    const full: MemoryJournal = {
      ...journal,
      append: (entry) => {
        if (entry.type === 'step' && entry.step === 'confirm') throw new Error('disk full');
        return journal.append(entry);
      },
    };
    const played = play(plan(['db', 'web']), { journal: full });

    await expect(played.end).rejects.toThrow('disk full');
    expect(effects(played, 'db')).toContain('kept');
    expect(effects(played, 'web')).toEqual([]);
  });

  it('that says the rollout has ended is only read', async () => {
    const first = play(plan(['db']));
    await first.end;
    const second = play(plan([]), { journal: memoryJournal(first.journal.written), fleet: first.fleet });

    expect(await second.end).toEqual(await first.end);
    expect(second.events).toEqual([]);
  });

  it('without a plan is refused', async () => {
    const played = play(plan([]), { journal: memoryJournal([]) });

    await expect(played.end).rejects.toMatchObject({
      message: 'the journal of rollout rollout-1 must begin with its plan, it begins with nothing',
    });
  });
});
