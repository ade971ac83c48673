/**
 * The calls of `build` that have not settled, and how the steps ended that ended since the oldest of them was made.
 * A request made before a step's end takes that end for its own; one made after it tries again.
 */

import type { StorePath } from '../nix/store-path.ts';
import type { BuildFailure, BuildOutcome } from './build-queue.ts';

/** `done`, why the derivation failed, or the fault of ours that no derivation is to blame for. */
export type StepEnd = 'done' | BuildFailure | Error;

export interface BuildRequest {
  readonly drvPath: StorePath;
  readonly number: number;
  readonly outcome: Promise<BuildOutcome>;
}

export interface RequestBook {
  /** Requests that have not settled. */
  readonly size: number;
  open(drvPath: StorePath): BuildRequest;
  /** Those for this derivation. */
  of(drvPath: StorePath): readonly BuildRequest[];
  settle(request: BuildRequest, outcome: BuildOutcome | Error): void;
  settleAll(error: Error): void;
  remember(drvPath: StorePath, end: StepEnd): void;
  /** How the step ended, if it did since the request was made. */
  recall(drvPath: StorePath, request: BuildRequest): StepEnd | undefined;
}

export function createRequestBook(): RequestBook {
  const open = new Map<BuildRequest, PromiseWithResolvers<BuildOutcome>>();
  const ends = new Map<StorePath, { readonly end: StepEnd; readonly newest: number }>();
  let count = 0;

  const settle = (request: BuildRequest, outcome: BuildOutcome | Error): void => {
    const waiting = open.get(request);
    open.delete(request);
    if (outcome instanceof Error) waiting?.reject(outcome);
    else waiting?.resolve(outcome);
    // A map keeps the order of insertion: the first request is the oldest.
    const oldest = open.keys().next().value?.number ?? Number.POSITIVE_INFINITY;
    for (const [drvPath, { newest }] of ends) if (newest < oldest) ends.delete(drvPath);
  };

  return {
    get size() {
      return open.size;
    },
    open(drvPath) {
      const waiting = Promise.withResolvers<BuildOutcome>();
      const request = { drvPath, number: ++count, outcome: waiting.promise };
      open.set(request, waiting);
      return request;
    },
    of: (drvPath) => [...open.keys()].filter((request) => request.drvPath === drvPath),
    settle,
    settleAll(error) {
      for (const request of open.keys()) settle(request, error);
    },
    remember(drvPath, end) {
      ends.set(drvPath, { end, newest: count });
    },
    recall(drvPath, request) {
      const known = ends.get(drvPath);
      return known !== undefined && known.newest >= request.number ? known.end : undefined;
    },
  };
}
