/**
 * What a rollout does next: which hosts are begun, which may be activated, which are left alone, what it waits for. Called
 * anew after everything that happens; pure, so that its limits can be proven by playing rollouts through.
 *
 * A host that an earlier executor left half done comes before everything, also when nothing else may be begun any more:
 * nobody else sees it to its end. After that, in this order: an interruption begins nothing; an abort, or more failures
 * than the budget, leaves alone every host that is not being activated; else the hosts of the first wave that is not
 * settled are begun in order, as far as pause, windows, soak and limits let it. A wave is settled when its hosts are done
 * or wait for being reachable again.
 */

import type { DeployPlan } from '../deploy-plan.ts';
import type { HostState, RolloutState } from './rollout-state.ts';

export interface Circumstances {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly control: 'running' | 'paused' | 'aborted';
  readonly interrupted: boolean;
  /** The earliest moment, now or later, at which a host may be begun; undefined: never. */
  readonly opensAt: (now: number) => number | undefined;
  /** Why a host is to be left alone. */
  readonly cordoned: (host: string) => string | undefined;
}

export interface Wait {
  readonly state: 'paused' | 'soaking' | 'outside-window';
  /** Milliseconds since 1970; undefined: until somebody says so. */
  readonly until: number | undefined;
}

export interface Decision {
  readonly begin: readonly string[];
  readonly activate: readonly string[];
  readonly skip: readonly { readonly host: string; readonly reason: string }[];
  /** Hosts that are not being activated yet are to stop; what they are told. */
  readonly stop: string | undefined;
  /** The wave that begins now, counted from 1. */
  readonly wave: number | undefined;
  /** What keeps hosts from being begun that otherwise would be. */
  readonly wait: Wait | undefined;
  /** When to ask again even if nothing happens. */
  readonly wakeAt: number | undefined;
  /** Nothing runs, and nothing more will be begun. */
  readonly done: boolean;
}

const nothing: Decision = {
  begin: [],
  activate: [],
  skip: [],
  stop: undefined,
  wave: undefined,
  wait: undefined,
  wakeAt: undefined,
  done: false,
};

type Entry = readonly [name: string, host: HostState];

export function decideNext(plan: DeployPlan, state: RolloutState, now: Circumstances): Decision {
  const entries = [...state.hosts];
  const atStage = (...stages: readonly HostState['stage'][]) =>
    entries.filter(([, { stage }]) => stages.includes(stage));
  const running = atStage('preparing', 'ready', 'active').length;
  if (now.interrupted) {
    return { ...nothing, stop: 'the rollout was interrupted', done: running === 0 };
  }
  const left = atStage('waiting').filter(([, host]) => host.halfDone);
  const halfDone = left.filter(([, { retryAt = 0 }]) => retryAt <= now.now);
  const room = plan.policy.parallel - running;
  const taken = names(halfDone).slice(0, Math.max(room, 0));
  const stop = stopReason(plan, state, now);
  if (stop !== undefined) {
    const skip = atStage('waiting')
      .filter(([, host]) => !host.halfDone)
      .map(([host]) => ({ host, reason: stop }));
    const wakeAt = earliest(
      left.map(([, { retryAt }]) => retryAt),
      now.now,
    );
    const done = running === 0 && left.length === 0;
    return { ...nothing, begin: taken, skip, stop, wakeAt, done };
  }
  const busy = atStage('active').length + left.length;
  const free = Math.max(plan.policy.maxUnavailable - busy, 0);
  const activate = names(atStage('ready')).slice(0, free);
  const fresh = nextInWave(plan, state, now, room - taken.length);
  return {
    ...fresh,
    begin: [...taken, ...fresh.begin],
    activate,
    wakeAt: earliest([fresh.wakeAt, ...left.map(([, { retryAt }]) => retryAt)], now.now),
    done: entries.every(([, { stage }]) => stage === 'done'),
  };
}

/** Why no further host is begun or activated, as those hosts are told. */
function stopReason(plan: DeployPlan, state: RolloutState, { control }: Circumstances): string | undefined {
  if (state.aborted || control === 'aborted') return 'the rollout was aborted before';
  const failed = [...state.hosts].filter(([, { outcome }]) => {
    return outcome?.result === 'failed' || outcome?.result === 'rolled-back';
  });
  if (failed.length <= plan.policy.failureBudget) return undefined;
  const list = names(failed);
  const more = list.length > 5 ? ` and ${list.length - 5} more` : '';
  return `not touched, because ${list.slice(0, 5).join(', ')}${more} failed before`;
}

function nextInWave(plan: DeployPlan, state: RolloutState, now: Circumstances, room: number): Decision {
  const due = (name: string): Entry[] => {
    const host = state.hosts.get(name);
    return host?.stage === 'waiting' && !host.halfDone ? [[name, host]] : [];
  };
  const current = plan.waves.findIndex((wave) => !wave.every((name) => isSettled(state.hosts.get(name))));
  const reached = current === -1 ? plan.waves.length : current + 1;
  // Those of earlier waves can only be hosts that could not be reached.
  const open = plan.waves.slice(0, reached).flat().flatMap(due);

  const buildOnly = new Set(plan.hosts.filter((host) => host.buildOnly).map(({ name }) => name));
  const skip = open.flatMap(([host, { retryAt, triedAt }]) => {
    // Morph's own words, which people grep for.
    const reason = buildOnly.has(host)
      ? `Deployment steps are disabled for build-only host: ${host}`
      : skipReason(plan, host, now, retryAt === undefined ? undefined : triedAt);
    return reason === undefined ? [] : [{ host, reason }];
  });
  // Waves may look otherwise without them: asked again at once.
  if (skip.length > 0) return { ...nothing, skip };

  const retries = open.flatMap(([, { retryAt, triedAt }]) =>
    retryAt === undefined ? [] : [Math.max(now.now, Math.min(retryAt, expiry(plan, triedAt)))],
  );
  const wakeAt = earliest(retries, now.now);
  const wanted = open.filter(([, { retryAt = 0 }]) => retryAt <= now.now);
  if (wanted.length === 0) return { ...nothing, wakeAt };

  const wait = waitFor(plan, state, now, current);
  // A soak is for the next wave, not for those of earlier ones.
  const retried = wanted.filter(([, host]) => host.retryAt !== undefined);
  const allowed = wait === undefined ? wanted : wait.state === 'soaking' ? retried : [];
  const begin = names(allowed).slice(0, Math.max(room, 0));
  const inCurrent = begin.some((name) => plan.waves[current]?.includes(name));
  return {
    ...nothing,
    begin,
    wave: inCurrent && state.wave < current + 1 ? current + 1 : undefined,
    wait,
    wakeAt: earliest([wakeAt, wait?.until], now.now),
  };
}

/** What a new host has to wait for, if anything. */
function waitFor(
  plan: DeployPlan,
  state: RolloutState,
  { now, control, opensAt }: Circumstances,
  current: number,
): Wait | undefined {
  if (control === 'paused') return { state: 'paused', until: undefined };
  if (current > 0 && state.wave < current + 1) {
    const ends = plan.waves
      .slice(0, current)
      .flat()
      .map((name) => state.hosts.get(name))
      .flatMap((host) => (host?.outcome?.result === 'skipped' ? [] : [host?.endedAt ?? 0]));
    const until = Math.max(0, ...ends) + plan.policy.soak * 1000;
    if (plan.policy.soak > 0 && until > now) return { state: 'soaking', until };
  }
  const opens = opensAt(now);
  return opens === undefined || opens > now ? { state: 'outside-window', until: opens } : undefined;
}

function skipReason(
  plan: DeployPlan,
  name: string,
  { now, cordoned }: Circumstances,
  queuedSince: number | undefined,
): string | undefined {
  const reason = cordoned(name);
  if (reason !== undefined) return reason;
  if (queuedSince === undefined || now < expiry(plan, queuedSince)) return undefined;
  return `it could not be reached within ${plan.policy.queueFor} s`;
}

function isSettled(host: HostState | undefined): boolean {
  return (
    host === undefined || host.stage === 'done' || (host.stage === 'waiting' && host.retryAt !== undefined)
  );
}

function expiry(plan: DeployPlan, since: number | undefined): number {
  return (since ?? 0) + plan.policy.queueFor * 1000;
}

function names(entries: readonly Entry[]): readonly string[] {
  return entries.map(([name]) => name);
}

/** Of those that are still to come: what is due and has no room yet waits for room, not for a time. */
function earliest(times: readonly (number | undefined)[], now: number): number | undefined {
  const known = times.filter((time) => time !== undefined).filter((time) => time > now);
  return known.length === 0 ? undefined : Math.min(...known);
}
