/**
 * The steps that could start, if a builder were free. Those that the same builders can take form a class (same system,
 * same features, …): whether there is a builder is a question to ask once for a class, however many steps wait in it.
 */

import type { StepNeeds } from './can-build.ts';
import { compareRanks, createFairQueue, type FairQueue, leastUsed, type Rank } from './fair-queue.ts';
import type { StepNode } from './step-graph.ts';

export interface ReadyClass {
  readonly needs: StepNeeds;
  readonly steps: FairQueue<StepNode>;
  /** Since when no builder can take them, in milliseconds since 1970; undefined while one can. */
  unsupportedSince: number | undefined;
}

export interface ReadySteps {
  readonly size: number;
  /** Those that have steps. */
  classes(): Iterable<ReadyClass>;
  classOf(node: StepNode): ReadyClass | undefined;
  /** Adds it, or moves it. `lostOn`: builders that have lost it. */
  put(node: StepNode, lostOn: readonly string[]): void;
  remove(node: StepNode): void;
  /** Of the classes that `canGo` lets, the one whose first step comes first. */
  best(canGo: (of: ReadyClass) => boolean): ReadyClass | undefined;
}

export function createReadySteps(used: (share: number) => number): ReadySteps {
  const classes = new Map<string, ReadyClass>();
  const homes = new Map<StepNode, ReadyClass>();

  const remove = (node: StepNode): void => {
    const home = homes.get(node);
    homes.delete(node);
    home?.steps.remove(node);
  };

  return {
    get size() {
      return homes.size;
    },
    *classes() {
      for (const [key, of] of classes) {
        if (of.steps.size > 0) yield of;
        else classes.delete(key);
      }
    },
    classOf: (node) => homes.get(node),
    put(node, lostOn) {
      const { system, requiredFeatures, prefersLocal, floating } = node.step;
      const needs: StepNeeds = { system, requiredFeatures, prefersLocal, floating, lostOn };
      const key = JSON.stringify(needs);
      const home = classes.get(key) ?? { needs, steps: createFairQueue(used), unsupportedSince: undefined };
      classes.set(key, home);
      if (homes.get(node) !== home) remove(node);
      homes.set(node, home);
      home.steps.put(node, rankOf(node));
    },
    remove,
    best(canGo) {
      let best: { readonly of: ReadyClass; readonly rank: Rank; readonly used: number } | undefined;
      for (const of of this.classes()) {
        if (!canGo(of)) continue;
        const rank = of.steps.peek()?.rank;
        if (rank === undefined) continue;
        const usedHere = leastUsed(rank.shares, used);
        if (best === undefined || compareRanks(rank, usedHere, best.rank, best.used) < 0) {
          best = { of, rank, used: usedHere };
        }
      }
      return best?.of;
    },
  };
}

/** After priority and share: the longest chain, as it bounds the total time; then as the builds are ordered. */
function rankOf({ demand, chain, dependents, number }: StepNode): Rank {
  const { globalPriority, shares, priority, owner } = demand;
  const id = owner?.ticket?.id ?? 0;
  return { globalPriority, shares, order: [-chain, -priority, id, -dependents.size, number] };
}
