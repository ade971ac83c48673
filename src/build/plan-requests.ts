/**
 * The builds that have not been planned yet, of which there can be very many at once (a restart): those to be built
 * next are planned first, a few at a time, while what is planned already is being built.
 *
 * A build goes through two queues of the same order. The first is only there when the store's database can be read: it
 * is gone through in large batches, and those whose outputs are all valid are done without a plan. The rest, in the
 * second queue, are planned one by one.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { StorePath } from '../nix/store-path.ts';
import type { BuildRequest } from './build-request.ts';
import { createFairQueue, type FairQueue, type Rank } from './fair-queue.ts';
import type { SchedulerOptions } from './scheduler.ts';

export type OutputsByRequest = ReadonlyMap<BuildRequest, ReadonlyMap<string, StorePath>>;

export interface PlanRequestsOptions {
  readonly storeDatabase: SchedulerOptions['storeDatabase'];
  readonly concurrency: number;
  /** How much of its share a jobset has used. */
  readonly used: (share: number) => number;
  /** Plans one build, and what follows from that. Never throws. */
  readonly plan: (request: BuildRequest) => Promise<void>;
  /** Settles those of the builds that are valid indeed; returns the others. Never throws. */
  readonly settleValid: (found: OutputsByRequest) => Promise<readonly BuildRequest[]>;
  /** Runs to its end unawaited. */
  readonly spawn: (task: Promise<void>) => void;
  readonly signal: AbortSignal;
}

export interface PlanRequests {
  /** Adds it, or moves it after its priority has changed: its state is `queued`, and `planning` once it is taken. */
  put(request: BuildRequest): void;
  remove(request: BuildRequest): void;
  /** How many are planned before it. */
  ahead(request: BuildRequest): number;
  /** Resolves when the plans are made that are being made now. */
  settled(): Promise<void>;
}

const batchSize = 500;

export function createPlanRequests(options: PlanRequestsOptions): PlanRequests {
  const { storeDatabase, spawn, signal } = options;
  const unsifted = createFairQueue<BuildRequest>(options.used);
  const toPlan = createFairQueue<BuildRequest>(options.used);
  const underWay = new Set<Promise<void>>();
  let sifting = false;

  const enqueue = (request: BuildRequest): void => {
    request.state = 'queued';
    toPlan.put(request, rankOf(request));
  };

  const startPlans = (): void => {
    while (underWay.size < options.concurrency && !signal.aborted) {
      const request = take(toPlan);
      if (request === undefined) return;
      const planned = options.plan(request).finally(() => {
        underWay.delete(planned);
        startPlans();
      });
      underWay.add(planned);
      spawn(planned);
    }
  };

  const lookUp = (batch: readonly BuildRequest[]): OutputsByRequest => {
    try {
      const valid = storeDatabase?.validOutputs(batch.map(({ drvPath }) => drvPath));
      return new Map(
        batch.flatMap((request) => {
          const outputs = valid?.get(request.drvPath);
          return outputs === undefined ? [] : [[request, outputs] as const];
        }),
      );
    } catch {
      // A plan asks the daemon; what is wrong with the store is told there.
      return new Map();
    }
  };

  const sift = async (): Promise<void> => {
    sifting = true;
    const valid: OutputsByRequest[] = [];
    // All that is put in one go is there by then.
    await nextTurn();
    while (unsifted.size > 0 && !signal.aborted) {
      const batch = Array.from({ length: Math.min(batchSize, unsifted.size) }, () => take(unsifted)).filter(
        (request) => request !== undefined,
      );
      const found = lookUp(batch);
      for (const request of batch) if (!found.has(request)) enqueue(request);
      startPlans();
      if (found.size > 0) valid.push(found);
      await nextTurn();
    }
    sifting = false;
    // What is to be built has begun by now; this only has to be told.
    for (const found of valid) {
      for (const request of await options.settleValid(found)) enqueue(request);
      startPlans();
    }
  };

  return {
    put(request) {
      if (storeDatabase !== undefined && !toPlan.has(request)) {
        request.state = 'queued';
        unsifted.put(request, rankOf(request));
        if (!sifting) spawn(sift());
        return;
      }
      enqueue(request);
      startPlans();
    },
    remove(request) {
      if (!unsifted.remove(request)) toPlan.remove(request);
    },
    ahead: (request) => (toPlan.has(request) ? toPlan.ahead(request) : toPlan.size + unsifted.ahead(request)),
    async settled() {
      await Promise.all(underWay);
    },
  };
}

function take(queue: FairQueue<BuildRequest>): BuildRequest | undefined {
  const first = queue.peek()?.item;
  if (first === undefined) return undefined;
  queue.remove(first);
  first.state = 'planning';
  return first;
}

function rankOf({ globalPriority, priority, ticket, number }: BuildRequest): Rank {
  return {
    globalPriority,
    shares: ticket === undefined ? [] : [ticket.share],
    order: [-priority, ticket?.id ?? 0, number],
  };
}
