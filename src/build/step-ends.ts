/**
 * How steps ended, for the requests that must know it although they are not in the graph yet: what ends while a plan is
 * being made may be part of that plan. A request without a ticket watches from the moment it is made, so that a
 * derivation that failed for several requests is not tried once for each; one with a ticket only while it is planned,
 * for it may wait for days, and the failure cache knows better.
 */

import type { StorePath } from '../nix/store-path.ts';
import type { BuildFailure } from './build-queue.ts';
import type { BuildRequest } from './build-request.ts';

/** The paths of its outputs, why the derivation failed, or the fault of ours that no derivation is to blame for. */
export type StepEnd = { readonly ok: true; readonly paths: readonly StorePath[] } | BuildFailure | Error;

export interface StepEnds {
  /** From now on; a request that watches already goes on with that. */
  watch(request: BuildRequest): void;
  unwatch(request: BuildRequest): void;
  remember(drvPath: StorePath, end: StepEnd): void;
  /** How the step ended, if it did since the request began to watch. */
  recall(drvPath: StorePath, request: BuildRequest): StepEnd | undefined;
}

export function createStepEnds(): StepEnds {
  // Both in the order of their numbers.
  const watchers = new Map<BuildRequest, number>();
  const ends = new Map<StorePath, { readonly end: StepEnd; readonly number: number }>();
  let clock = 0;
  return {
    watch(request) {
      if (!watchers.has(request)) watchers.set(request, clock);
    },
    unwatch(request) {
      watchers.delete(request);
      const oldest = watchers.values().next().value ?? Number.POSITIVE_INFINITY;
      for (const [drvPath, { number }] of ends) {
        if (number > oldest) break;
        ends.delete(drvPath);
      }
    },
    remember(drvPath, end) {
      clock += 1;
      ends.delete(drvPath);
      if (watchers.size > 0) ends.set(drvPath, { end, number: clock });
    },
    recall(drvPath, request) {
      const known = ends.get(drvPath);
      const since = watchers.get(request);
      return known !== undefined && since !== undefined && known.number > since ? known.end : undefined;
    },
  };
}
