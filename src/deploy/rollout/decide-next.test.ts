/** Rollouts played through in imagined time: whatever happens to hosts and whoever meddles, the limits hold. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStorePath } from '../../nix/store-path.ts';
import type { DeployPlan, HostOutcome } from '../deploy-plan.ts';
import { plannedHost, planOf } from '../testing/plan-of.ts';
import { type Circumstances, decideNext } from './decide-next.ts';
import { defaultPolicy } from './default-policy.ts';
import { type RolloutState, replayJournal, withEntry, withHost } from './rollout-state.ts';

const toplevel = parseStorePath(`/nix/store/${'1'.repeat(32)}-system`);
const calm: Circumstances = {
  now: 0,
  control: 'running',
  interrupted: false,
  opensAt: (now) => now,
  cordoned: () => undefined,
};

/** How a host goes when it is begun. Times in seconds. */
interface Fate {
  readonly prepare: number;
  readonly activate: number;
  readonly end: 'deployed' | 'failed' | 'failed-before' | 'rolled-back' | 'unreachable';
}

interface Story {
  readonly fates: readonly Fate[];
  readonly waveSizes: readonly number[];
  readonly policy: Partial<DeployPlan['policy']>;
  /** When it is paused, resumed, aborted. */
  readonly control: readonly { readonly at: number; readonly to: Circumstances['control'] }[];
}

interface Moment {
  readonly now: number;
  readonly state: RolloutState;
  readonly control: Circumstances['control'];
  readonly begun: readonly string[];
  readonly granted: readonly string[];
}

function planFor(story: Story): DeployPlan {
  const hosts = story.fates.map((_, index) =>
    plannedHost({ name: `h${index}`, target: { host: 'h' }, toplevel }),
  );
  const names = hosts.map(({ name }) => name);
  const waves: string[][] = [];
  for (const size of [...story.waveSizes, names.length]) {
    const next = names.splice(0, size);
    if (next.length > 0) waves.push(next);
  }
  return planOf('switch', hosts, { waves, policy: { ...defaultPolicy, ...story.policy } });
}

/** All moments of a rollout at which something was decided; ends when it is done. */
function playThrough(story: Story): { readonly plan: DeployPlan; readonly moments: readonly Moment[] } {
  const plan = planFor(story);
  const moments: Moment[] = [];
  let now = 0;
  let state = replayJournal(plan, []);
  let due: { at: number; happen: () => void }[] = [];
  const later = (seconds: number, happen: () => void): void => {
    due = [...due, { at: now + seconds * 1000, happen }].toSorted((a, b) => a.at - b.at);
  };
  const finish = (outcome: HostOutcome): void => {
    state = withEntry(state, { type: 'host', at: now, outcome });
  };
  const begin = (name: string): void => {
    const { prepare, end } = story.fates[Number(name.slice(1))]!;
    state = withHost(state, name, { stage: 'preparing', retryAt: undefined });
    state = withEntry(state, { type: 'step', at: now, host: name, step: 'begin' });
    later(prepare, () => {
      if (state.hosts.get(name)?.stage !== 'preparing') return;
      if (end === 'unreachable') state = withHost(state, name, { stage: 'waiting', retryAt: now + 30_000 });
      else if (end === 'failed-before') finish({ host: name, result: 'failed', message: '' });
      else state = withHost(state, name, { stage: 'ready' });
    });
  };
  const grant = (name: string): void => {
    const { activate, end } = story.fates[Number(name.slice(1))]!;
    state = withHost(state, name, { stage: 'active' });
    const outcome: HostOutcome =
      end === 'deployed'
        ? { host: name, result: 'deployed' }
        : { host: name, result: end === 'failed' ? 'failed' : 'rolled-back', message: '' };
    later(activate, () => finish(outcome));
  };
  for (let turn = 0; turn < 10_000; turn += 1) {
    const control = story.control.findLast(({ at }) => at * 1000 <= now)?.to ?? 'running';
    const before = state;
    const decision = decideNext(plan, state, { ...calm, now, control });
    let cut = 0;
    if (decision.stop !== undefined) {
      for (const [host, { stage }] of state.hosts) {
        if (stage !== 'preparing' && stage !== 'ready') continue;
        finish({ host, result: 'skipped', reason: '' });
        cut += 1;
      }
    }
    for (const { host, reason } of decision.skip) finish({ host, result: 'skipped', reason });
    if (decision.wave !== undefined) state = withEntry(state, { type: 'wave', at: now, wave: decision.wave });
    for (const name of decision.begin) begin(name);
    for (const name of decision.activate) grant(name);
    moments.push({ now, state: before, control, begun: decision.begin, granted: decision.activate });
    if (decision.done) {
      moments.push({ now, state, control, begun: [], granted: [] });
      return { plan, moments };
    }
    if (decision.skip.length + cut > 0) continue;
    const turns = story.control.map(({ at }) => at * 1000).filter((at) => at > now);
    const next = [due[0]?.at, decision.wakeAt, ...turns].filter((at) => at !== undefined);
    if (next.length === 0) throw new Error('it waits for nothing');
    now = Math.max(now, Math.min(...next));
    const happening = due.filter(({ at }) => at <= now);
    due = due.filter(({ at }) => at > now);
    for (const { happen } of happening) happen();
  }
  throw new Error('it does not end');
}

const fate: fc.Arbitrary<Fate> = fc.record({
  prepare: fc.nat(20),
  activate: fc.nat(20),
  end: fc.constantFrom(
    'deployed',
    'deployed',
    'deployed',
    'failed',
    'failed-before',
    'rolled-back',
    'unreachable',
  ),
});
const story: fc.Arbitrary<Story> = fc.record({
  fates: fc.array(fate, { minLength: 1, maxLength: 12 }),
  waveSizes: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }),
  policy: fc.record({
    parallel: fc.integer({ min: 1, max: 4 }),
    maxUnavailable: fc.integer({ min: 1, max: 4 }),
    failureBudget: fc.nat(3),
    soak: fc.nat(30),
    unreachable: fc.constant('queue' as const),
    queueFor: fc.nat(90),
  }),
  control: fc
    .array(
      fc.record({
        at: fc.nat(60),
        to: fc.constantFrom('running' as const, 'paused' as const, 'aborted' as const),
      }),
      { maxLength: 3 },
    )
    .map((turns) => [...turns.toSorted((a, b) => a.at - b.at), { at: 100, to: 'running' as const }]),
});

const count = (state: RolloutState, ...stages: readonly string[]) =>
  [...state.hosts.values()].filter(({ stage }) => stages.includes(stage)).length;
const failures = (state: RolloutState) =>
  [...state.hosts.values()].filter(({ outcome }) => ['failed', 'rolled-back'].includes(outcome?.result ?? ''))
    .length;

describe('a rollout, however it goes', () => {
  it('ends with an outcome for every host', () => {
    fc.assert(
      fc.property(story, (it) => {
        const { moments } = playThrough(it);
        expect(count(moments.at(-1)!.state, 'done')).toBe(it.fates.length);
      }),
    );
  });

  it('never works on more hosts than may be worked on, nor activates more than may be away', () => {
    fc.assert(
      fc.property(story, (it) => {
        const { plan, moments } = playThrough(it);
        for (const { state, begun, granted } of moments) {
          const { parallel, maxUnavailable } = plan.policy;
          expect(count(state, 'preparing', 'ready', 'active') + begun.length).toBeLessThanOrEqual(parallel);
          expect(count(state, 'active') + granted.length).toBeLessThanOrEqual(maxUnavailable);
        }
      }),
    );
  });

  it('begins and activates nothing once more hosts failed than may, and goes on until then', () => {
    fc.assert(
      fc.property(story, (it) => {
        const { plan, moments } = playThrough(it);
        const tooLate = moments
          .filter(({ state }) => failures(state) > plan.policy.failureBudget)
          .flatMap(({ begun, granted }) => [...begun, ...granted]);
        expect(tooLate).toEqual([]);
        const last = moments.at(-1)!.state;
        const stoppedEarly = [...last.hosts.values()].some(
          ({ outcome }) => outcome?.result === 'skipped' && !outcome.reason.includes('could not be reached'),
        );
        const wasAborted = moments.some(({ control }) => control === 'aborted');
        expect(stoppedEarly && !wasAborted && failures(last) <= plan.policy.failureBudget).toBe(false);
      }),
    );
  });

  it('begins nothing while it is paused, and nothing at all once it was aborted', () => {
    fc.assert(
      fc.property(story, (it) => {
        const { moments } = playThrough(it);
        const stopped = moments.filter(({ control }) => control !== 'running');
        const aborted = moments.filter(({ control }) => control === 'aborted');
        expect(stopped.flatMap(({ begun }) => begun)).toEqual([]);
        expect(aborted.flatMap(({ granted }) => granted)).toEqual([]);
      }),
    );
  });

  it('begins the hosts of a wave in order, and a wave after the ones before it and their soak', () => {
    fc.assert(
      fc.property(story, (it) => {
        const { plan, moments } = playThrough(it);
        const first = new Map<string, Moment>();
        for (const moment of moments) {
          for (const name of moment.begun) if (!first.has(name)) first.set(name, moment);
        }
        const order = plan.hosts.map(({ name }) => name);
        expect([...first.keys()]).toEqual(order.filter((name) => first.has(name)));
        for (const [index, wave] of plan.waves.entries()) {
          const begun = wave.map((name) => first.get(name)).find((moment) => moment !== undefined);
          if (begun === undefined) continue;
          for (const name of plan.waves.slice(0, index).flat()) {
            const { stage, retryAt, outcome, endedAt = 0 } = begun.state.hosts.get(name)!;
            expect(stage === 'done' || retryAt !== undefined).toBe(true);
            const wasTouched = outcome !== undefined && outcome.result !== 'skipped';
            expect(wasTouched && begun.now - endedAt < plan.policy.soak * 1000).toBe(false);
          }
        }
      }),
    );
  });
});

describe('decideNext', () => {
  const plan = planFor({
    fates: Array.from({ length: 3 }, (): Fate => ({ prepare: 0, activate: 0, end: 'deployed' })),
    waveSizes: [1],
    policy: { parallel: 2, soak: 10 },
    control: [],
  });
  const fresh = replayJournal(plan, []);
  const done = (state: RolloutState, host: string, at = 0) =>
    withEntry(state, { type: 'host', at, outcome: { host, result: 'deployed' } });

  it('says until when it soaks, and what it then begins', () => {
    const afterFirst = done(withEntry(fresh, { type: 'wave', at: 0, wave: 1 }), 'h0', 5000);

    expect(decideNext(plan, afterFirst, { ...calm, now: 6000 })).toMatchObject({
      begin: [],
      wait: { state: 'soaking', until: 15_000 },
      wakeAt: 15_000,
      done: false,
    });
    expect(decideNext(plan, afterFirst, { ...calm, now: 15_000 })).toMatchObject({
      begin: ['h1', 'h2'],
      wave: 2,
    });
  });

  it('does not soak for a wave that had begun already, as when another executor goes on', () => {
    const begun = withEntry(done(fresh, 'h0', 5000), { type: 'wave', at: 15_000, wave: 2 });

    expect(decideNext(plan, begun, { ...calm, now: 6000 })).toMatchObject({
      begin: ['h1', 'h2'],
      wave: undefined,
    });
  });

  it('waits for a window, or for nothing when none opens any more', () => {
    expect(decideNext(plan, fresh, { ...calm, opensAt: () => 60_000 })).toMatchObject({
      begin: [],
      wait: { state: 'outside-window', until: 60_000 },
      wakeAt: 60_000,
    });
    expect(decideNext(plan, fresh, { ...calm, opensAt: () => undefined })).toMatchObject({
      wait: { state: 'outside-window', until: undefined },
      wakeAt: undefined,
    });
  });

  it('takes up what was left half done before all else, even when it was aborted', () => {
    const half = withEntry(fresh, { type: 'step', at: 0, host: 'h2', step: 'activate' });

    expect(decideNext(plan, half, { ...calm, control: 'aborted' })).toMatchObject({
      begin: ['h2'],
      skip: [{ host: 'h0' }, { host: 'h1' }],
      done: false,
    });
    expect(decideNext(plan, half, { ...calm, control: 'paused' })).toMatchObject({ begin: ['h2'] });
    expect(decideNext(plan, half, { ...calm, interrupted: true })).toMatchObject({ begin: [], done: true });
  });

  it('activates nothing while a host that was left half done is away for as many as may be', () => {
    const one: DeployPlan = { ...plan, policy: { ...plan.policy, maxUnavailable: 1 } };
    const half = withEntry(fresh, { type: 'step', at: 0, host: 'h2', step: 'activate' });
    const ready = withHost(half, 'h0', { stage: 'ready' });

    expect(decideNext(one, ready, calm)).toMatchObject({ begin: ['h2'], activate: [] });
  });

  it('names who failed, not more than five of them', () => {
    const many = planFor({
      fates: Array.from({ length: 9 }, (): Fate => ({ prepare: 0, activate: 0, end: 'failed' })),
      waveSizes: [],
      policy: { failureBudget: 6 },
      control: [],
    });
    const failed = [0, 1, 2, 3, 4, 5, 6].reduce(
      (state, index) =>
        withEntry(state, {
          type: 'host',
          at: 0,
          outcome: { host: `h${index}`, result: 'failed', message: '' },
        }),
      replayJournal(many, []),
    );

    expect(decideNext(many, failed, calm).skip[0]).toEqual({
      host: 'h7',
      reason: 'not touched, because h0, h1, h2, h3, h4 and 2 more failed before',
    });
  });
});
