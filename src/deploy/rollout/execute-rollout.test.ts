import { describe, expect, it } from 'vitest';
import { parseStorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import { type FakeBehaviour, fakeFleet, oldSystem } from '../testing/fake-fleet.ts';
import { current, effects, failing, fresh, plan, play, stepsOf } from '../testing/play-rollout.ts';

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

  it('tell of a host that builds its system that it builds', async () => {
    const { hosts, ...rest } = plan(['web'], { action: 'push' });
    const drvPath = parseStorePath(`${fresh}.drv`);
    const played = play({ ...rest, hosts: hosts.map((host) => ({ ...host, build: { drvPath } })) });
    expect(await played.end).toMatchObject({ result: 'succeeded' });

    const phases = played.events.flatMap((event) => (event.type === 'host.phase' ? [event.phase] : []));
    expect(phases).toEqual(['connecting', 'building']);
    expect(stepsOf(played, 'web')).toEqual(['begin', 'copy']);
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

  it('was tested and rebooted, and so runs what it ran before', async () => {
    const played = play(plan(['web'], { action: 'test', reboot: true }));

    expect(await played.end).toMatchObject({
      outcomes: [{ result: 'degraded', message: expect.stringContaining('which test does not set') }],
    });
    expect(current(played, 'web')).toBe(oldSystem);
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
