/**
 * Executes a rollout from its journal: what is in it was done, what is missing is done now, and everything is written to
 * it as it happens, so that another executor can go on wherever this one ends, also by kill -9. `decide-next.ts` says what
 * comes next, `execute-host.ts` does it on a host; here the two meet.
 *
 * Ends in three ways. Every host has its outcome: the journal says `ended`. The signal fires: no host is begun any more,
 * those that are being activated are seen to their end, the others are left as if nobody had begun them, and
 * `interrupted` is thrown. `kill` fires: hosts are left in the middle of it, for a later executor to take up.
 */

import type { Emit } from '../../events/event.ts';
import { AppError } from '../../util/app-error.ts';
import { createWaker } from '../../util/create-waker.ts';
import { pause } from '../../util/pause.ts';
import { createSerialize } from '../../util/serialize.ts';
import type { DeployPlan, HostOutcome, PlannedHost } from '../deploy-plan.ts';
import { type Decision, decideNext, type Wait } from './decide-next.ts';
import { describeWait } from './describe-wait.ts';
import { executeHost, type HostEnd } from './execute-host.ts';
import { createHostDiffs, type HostDiffs } from './host-diffs.ts';
import type { OpenHostSteps } from './host-steps.ts';
import type { Journal, JournalEntry, RolloutResult } from './journal.ts';
import { resultOf } from './result-of.ts';
import { type RolloutControl, uncontrolled } from './rollout-control.ts';
import { planOfJournal, type RolloutState, replayJournal, withEntry, withHost } from './rollout-state.ts';
import { nextOpening } from './rollout-window.ts';
import { settleHost } from './settle-host.ts';

export interface ExecuteOptions {
  readonly openSteps: OpenHostSteps;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** Default: never. */
  readonly kill?: AbortSignal | undefined;
  readonly control?: RolloutControl | undefined;
  /** Who executes it. */
  readonly by: string;
  /** Why a host is to be left alone. Default: none is. */
  readonly cordoned?: ((host: string) => string | undefined) | undefined;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
  /** Resolves after that many milliseconds; may reject when the signal fires. */
  readonly sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined;
}

export interface RolloutEnd {
  readonly result: RolloutResult;
  /** One per host, in the order of the plan. */
  readonly outcomes: readonly HostOutcome[];
}

/** The longest time that a timer takes. */
const longestSleepMs = 2 ** 31 - 1;

/**
 * Throws `interrupted`, `rollout.journal-invalid`, and what the journal throws when it cannot be written: then hosts that
 * are being activated are seen to their end first.
 */
export async function executeRollout(journal: Journal, options: ExecuteOptions): Promise<RolloutEnd> {
  await using run = new RolloutRun(journal, options);
  return await run.untilEnded();
}

/** Alive while hosts are worked on; disposing cuts off those that can be, and waits for the others. */
class RolloutRun implements AsyncDisposable {
  readonly #journal: Journal;
  readonly #options: ExecuteOptions;
  readonly #plan: DeployPlan;
  readonly #hosts: ReadonlyMap<string, PlannedHost>;
  readonly #now: () => number;
  readonly #control: RolloutControl;
  readonly #kill: AbortSignal;
  readonly #stopping = new AbortController();
  /** Fires for hosts of which nothing is changed yet. */
  readonly #preparing: AbortSignal;
  readonly #running = new Set<Promise<void>>();
  readonly #diffs: HostDiffs;
  readonly #grants = new Map<string, () => void>();
  readonly #waker = createWaker();
  readonly #serialize = createSerialize();
  #state: RolloutState;
  #stopReason = '';
  /** The journal cannot be written, or there is a mistake in here. */
  #broken: { readonly error: unknown } | undefined;

  constructor(journal: Journal, options: ExecuteOptions) {
    this.#journal = journal;
    this.#options = options;
    this.#plan = planOfJournal(journal.id, journal.entries);
    this.#hosts = new Map(this.#plan.hosts.map((host) => [host.name, host]));
    this.#state = replayJournal(this.#plan, journal.entries);
    this.#now = options.now ?? Date.now;
    this.#control = options.control ?? uncontrolled;
    this.#diffs = createHostDiffs({
      note: (host, diff) => this.#note({ type: 'diff', at: this.#now(), host, diff }),
      sleep: options.sleep ?? pause,
    });
    this.#kill = options.kill ?? new AbortController().signal;
    this.#preparing = AbortSignal.any([this.#stopping.signal, options.signal, this.#kill]);
    this.#preparing.addEventListener('abort', this.#waker.wake);
  }

  async untilEnded(): Promise<RolloutEnd> {
    const { by, emit } = this.#options;
    const begunAt = this.#now();
    const rollout = this.#journal.id;
    if (this.#state.result === undefined) {
      await this.#note({ type: 'started', at: begunAt, by });
      const { action, waves } = this.#plan;
      const over = [...this.#state.hosts].flatMap(([name, { outcome }]) =>
        outcome === undefined ? [] : [[name, outcome.result] as const],
      );
      const known = over.length === 0 ? {} : { over: Object.fromEntries(over) };
      emit({ type: 'rollout.started', rollout, action, waves, ...known });
      const { wave } = this.#state;
      if (wave > 0) emit({ type: 'rollout.wave', rollout, wave, of: waves.length });
      await this.#untilDone();
    }
    if (this.#broken !== undefined) throw this.#broken.error;
    const outcomes = this.#plan.hosts.flatMap(({ name }) => this.#state.hosts.get(name)?.outcome ?? []);
    if (outcomes.length < this.#plan.hosts.length) throw interrupted(outcomes);
    const result = this.#state.result ?? resultOf(this.#plan, outcomes, this.#state.aborted);
    if (this.#state.result === undefined) {
      await this.#diffs.end();
      await this.#note({ type: 'ended', at: this.#now(), result });
      emit({ type: 'rollout.ended', rollout, result, durationMs: this.#now() - begunAt });
    }
    return { result, outcomes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled([...this.#running, this.#diffs[Symbol.asyncDispose]()]);
    this.#preparing.removeEventListener('abort', this.#waker.wake);
  }

  get #isInterrupted(): boolean {
    return this.#options.signal.aborted || this.#kill.aborted || this.#broken !== undefined;
  }

  async #untilDone(): Promise<void> {
    let seen: RolloutControl['state'] = 'running';
    let waitingFor: Wait['state'] | undefined;
    while (true) {
      const changed = this.#waker.next();
      const control = this.#control.state;
      if (control !== seen && !this.#isInterrupted) {
        seen = control;
        const by = this.#control.by ?? this.#options.by;
        await this.#note({ type: control === 'running' ? 'resumed' : control, at: this.#now(), by });
      }
      const decision = decideNext(this.#plan, this.#state, {
        now: this.#now(),
        control,
        interrupted: this.#isInterrupted,
        opensAt: (at) => nextOpening(this.#plan.policy.windows, at),
        cordoned: this.#options.cordoned ?? (() => undefined),
      });
      await this.#apply(decision);
      if (decision.done) return;
      // Without those the waves look otherwise.
      if (decision.skip.length > 0) continue;
      if (decision.wait?.state !== waitingFor) this.#tellWait(decision.wait);
      waitingFor = decision.wait?.state;
      await this.#wait(changed, decision.wakeAt);
    }
  }

  async #apply(decision: Decision): Promise<void> {
    if (decision.stop !== undefined) {
      this.#stopReason = decision.stop;
      this.#stopping.abort();
    }
    for (const { host, reason } of decision.skip) {
      await this.#note({ type: 'host', at: this.#now(), outcome: { host, result: 'skipped', reason } });
      this.#options.emit({ type: 'host.skipped', host, reason });
    }
    if (decision.wave !== undefined) {
      const { wave } = decision;
      await this.#note({ type: 'wave', at: this.#now(), wave });
      const of = this.#plan.waves.length;
      this.#options.emit({ type: 'rollout.wave', rollout: this.#journal.id, wave, of });
    }
    for (const name of decision.begin) this.#begin(name);
    for (const name of decision.activate) {
      this.#state = withHost(this.#state, name, { stage: 'active' });
      this.#grants.get(name)?.();
    }
  }

  #begin(name: string): void {
    const host = this.#hosts.get(name);
    const past = this.#state.hosts.get(name);
    if (host === undefined || past === undefined) return;
    const begunAt = this.#now();
    const stage = past.halfDone ? 'active' : 'preparing';
    this.#state = withHost(this.#state, name, { stage, retryAt: undefined });
    const { emit, openSteps } = this.#options;
    emit({ type: 'host.started', host: name, toplevel: host.toplevel, action: this.#plan.action });
    const steps = openSteps(host, this.#journal.id);
    const work = executeHost({
      plan: this.#plan,
      host,
      past,
      steps,
      preparing: this.#preparing,
      kill: this.#kill,
      note: (entry) => this.#note(entry),
      mayActivate: () => this.#mayActivate(name),
      onFacts: (facts) => this.#diffs.ask(name, steps, this.#state.hosts.get(name), facts),
      emit,
      now: this.#now,
    })
      .then((end) => this.#settle(name, end, begunAt))
      .catch((error: unknown) => this.#breakOff(error))
      .finally(() => {
        this.#running.delete(work);
        // Only when its outcome could not be written down.
        if (this.#state.hosts.get(name)?.stage !== 'done') {
          this.#state = withHost(this.#state, name, { stage: 'waiting' });
        }
        this.#waker.wake();
      });
    this.#running.add(work);
  }

  #mayActivate(name: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#preparing.aborted) return reject(interrupted([]));
      this.#preparing.addEventListener('abort', () => reject(interrupted([])), { once: true });
      this.#grants.set(name, resolve);
      this.#state = withHost(this.#state, name, { stage: 'ready' });
      this.#waker.wake();
    });
  }

  async #settle(name: string, end: HostEnd, begunAt: number): Promise<void> {
    const state = this.#state.hosts.get(name);
    if (state === undefined) return;
    const stopped = this.#isInterrupted ? undefined : this.#stopReason;
    const settlement = settleHost(name, end, { plan: this.#plan, state, begunAt, now: this.#now(), stopped });
    const { outcome, retryAt, event } = settlement;
    if (outcome === undefined) this.#state = withHost(this.#state, name, { stage: 'waiting', retryAt });
    else await this.#note({ type: 'host', at: this.#now(), outcome });
    this.#options.emit(event);
  }

  /** One after the other; what is in the state is durable. */
  #note(entry: JournalEntry): Promise<void> {
    return this.#serialize(async () => {
      if (this.#broken !== undefined) throw this.#broken.error;
      try {
        await this.#journal.append(entry);
      } catch (error) {
        this.#breakOff(error);
        throw error;
      }
      this.#state = withEntry(this.#state, entry);
    });
  }

  #breakOff(error: unknown): void {
    this.#broken ??= { error };
    this.#stopping.abort();
    this.#waker.wake();
  }

  #tellWait(wait: Wait | undefined): void {
    const reason = describeWait(wait, this.#now());
    const state = wait?.state ?? 'going-on';
    this.#options.emit({ type: 'rollout.waiting', rollout: this.#journal.id, state, reason });
  }

  /** Until something happened, the control changed, or it is time. */
  async #wait(changed: Promise<void>, at: number | undefined): Promise<void> {
    const { sleep = pause } = this.#options;
    const over = new AbortController();
    const sleeping =
      at === undefined
        ? []
        : [sleep(Math.min(Math.max(at - this.#now(), 0), longestSleepMs), over.signal).catch(() => {})];
    await Promise.race([changed, this.#control.changed(over.signal), ...sleeping]);
    over.abort();
  }
}

function interrupted(outcomes: readonly HostOutcome[]): AppError {
  const done = outcomes.map(({ host }) => host).join(', ');
  return new AppError('interrupted', `the rollout was interrupted; done before that: ${done || 'no host'}`);
}
