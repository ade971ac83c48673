/** Who may hold a rollout up, and what then becomes of its hosts: cordons, windows, pauses, limits, interruptions. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { oldSystem } from '../testing/fake-fleet.ts';
import { type MemoryJournal, memoryJournal, plannedEntry } from '../testing/memory-journal.ts';
import { current, effects, fresh, plan, play, stepsOf } from '../testing/play-rollout.ts';
import type { HostStep } from './journal.ts';
import type { RolloutControl } from './rollout-control.ts';

describe('hosts that are left alone', () => {
  it('are those that are only built, and those that are cordoned', async () => {
    const it = plan(['iso', 'db', 'web']);
    const hosts = it.hosts.map((host) => (host.name === 'iso' ? { ...host, buildOnly: true } : host));
    const played = play(
      { ...it, hosts },
      { cordoned: (host) => (host === 'db' ? 'cordoned by bob: being mended' : undefined) },
    );

    expect(await played.end).toEqual({
      result: 'degraded',
      outcomes: [
        {
          host: 'iso',
          result: 'skipped',
          reason: 'Deployment steps are disabled for build-only host: iso',
        },
        { host: 'db', result: 'skipped', reason: 'cordoned by bob: being mended' },
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
    expect(later.events[0]).not.toHaveProperty('over');
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

    const later = play(plan([]), { fleet: played.fleet, journal: memoryJournal(played.journal.written) });
    expect(await later.end).toMatchObject({ result: 'succeeded' });
    expect(later.events.slice(0, 2)).toMatchObject([
      { type: 'rollout.started', over: { db: 'deployed' } },
      { type: 'rollout.wave', wave: 1, of: 1 },
    ]);
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
  /** One whose disk is full when this step is to be written. */
  function fullFrom(step: HostStep): MemoryJournal {
    const journal = memoryJournal([plannedEntry(plan(['db', 'web']))]);
    return {
      ...journal,
      append: (entry) => {
        if (entry.type === 'step' && entry.step === step) throw new Error('disk full');
        return journal.append(entry);
      },
    };
  }

  it('that cannot be written ends the rollout before the next change', async () => {
    const played = play(plan(['db', 'web']), { journal: fullFrom('activate') });

    await expect(played.end).rejects.toThrow('disk full');
    expect(current(played, 'db')).toBe(oldSystem);
    expect(effects(played, 'web')).toEqual([]);
  });

  it('that cannot be written any more lets the host that is being activated come to its end', async () => {
    const played = play(plan(['db', 'web']), { journal: fullFrom('confirm') });

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
