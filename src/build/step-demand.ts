/**
 * What all builds that want a step want of it, folded into one value: how urgent it is, whose it is, and how long it
 * may take. It is handed down the graph from the builds: a step has what its own builds want, and what the steps want
 * that need it. Values are shared: folding gives one of the values folded wherever that is the result, so that equal
 * references mean that nothing changes further down.
 */

import type { BuildRequest } from './build-request.ts';

export interface StepDemand {
  /** The highest of all. */
  readonly globalPriority: number;
  readonly priority: number;
  /** The build with the lowest id; undefined when all that want it are without a ticket. */
  readonly owner: BuildRequest | undefined;
  /** Of all builds, sorted. */
  readonly shares: readonly number[];
  /** Seconds, the longest of all; Infinity: no limit. */
  readonly timeoutSeconds: number;
  readonly maxSilentSeconds: number;
}

/** The limits that hold where no build says otherwise. */
export type DefaultLimits = Pick<StepDemand, 'timeoutSeconds' | 'maxSilentSeconds'>;

/** What a build wants of its own step. One that somebody waits for, without a ticket, comes before all that have one. */
export function demandOf(request: BuildRequest, defaults: DefaultLimits): StepDemand {
  const { ticket } = request;
  return {
    globalPriority: request.globalPriority,
    priority: request.priority,
    owner: ticket === undefined ? undefined : request,
    shares: ticket === undefined ? [] : [ticket.share],
    timeoutSeconds: limit(ticket?.timeoutSeconds, defaults.timeoutSeconds),
    maxSilentSeconds: limit(ticket?.maxSilentSeconds, defaults.maxSilentSeconds),
  };
}

/** What a step wants of those it needs: a build's tight limits are meant for its own step only. */
export function demandBelow(demand: StepDemand, defaults: DefaultLimits): StepDemand {
  const timeoutSeconds = Math.max(demand.timeoutSeconds, defaults.timeoutSeconds);
  const maxSilentSeconds = Math.max(demand.maxSilentSeconds, defaults.maxSilentSeconds);
  return keepIfSame({ ...demand, timeoutSeconds, maxSilentSeconds }, [demand]);
}

export function foldDemands(a: StepDemand, b: StepDemand): StepDemand {
  if (a === b) return a;
  const folded: StepDemand = {
    globalPriority: Math.max(a.globalPriority, b.globalPriority),
    priority: Math.max(a.priority, b.priority),
    owner: firstOf(a.owner, b.owner),
    shares: union(a.shares, b.shares),
    timeoutSeconds: Math.max(a.timeoutSeconds, b.timeoutSeconds),
    maxSilentSeconds: Math.max(a.maxSilentSeconds, b.maxSilentSeconds),
  };
  return keepIfSame(folded, [a, b]);
}

/** Seconds to give to whoever enforces the limit. */
export function secondsOf(seconds: number): number | undefined {
  return seconds === Number.POSITIVE_INFINITY ? undefined : seconds;
}

function limit(seconds: number | undefined, otherwise: number): number {
  return seconds === 0 ? Number.POSITIVE_INFINITY : (seconds ?? otherwise);
}

function firstOf(a: BuildRequest | undefined, b: BuildRequest | undefined): BuildRequest | undefined {
  if (a?.ticket === undefined || b?.ticket === undefined) return a ?? b;
  return b.ticket.id < a.ticket.id ? b : a;
}

function union(a: readonly number[], b: readonly number[]): readonly number[] {
  if (a === b || b.every((share) => a.includes(share))) return a;
  if (a.every((share) => b.includes(share))) return b;
  return [...new Set([...a, ...b])].sort((x, y) => x - y);
}

function keepIfSame(demand: StepDemand, candidates: readonly StepDemand[]): StepDemand {
  return candidates.find((candidate) => sameDemand(candidate, demand)) ?? demand;
}

export function sameDemand(a: StepDemand, b: StepDemand): boolean {
  return (
    a.globalPriority === b.globalPriority &&
    a.priority === b.priority &&
    a.owner === b.owner &&
    a.timeoutSeconds === b.timeoutSeconds &&
    a.maxSilentSeconds === b.maxSilentSeconds &&
    a.shares.length === b.shares.length &&
    a.shares.every((share, index) => share === b.shares[index])
  );
}
