/**
 * Things that wait for their turn, each on behalf of one or more jobsets. What comes first is decided in three parts:
 * the higher global priority; then the jobset that has used the least of its share, which changes all the time while
 * things run; then an order that is fixed while a thing waits. Hence one heap per jobset, in which the share does not
 * matter, and a look at the top of each to choose: taking one costs the number of jobsets that wait, not the length of
 * the queue. Something wanted by several jobsets stands in the heap of each. What is taken or changed leaves its old
 * entries behind, which are passed over when they come to the top.
 */

import { createHeap, type Heap } from './heap.ts';

/** Where a thing stands in the queue. */
export interface Rank {
  readonly globalPriority: number;
  /** Jobsets; none: nobody's share is used, which comes before any. */
  readonly shares: readonly number[];
  /** Compared one by one, the lower first; all ranks of a queue have as many. */
  readonly order: readonly number[];
}

export interface FairQueue<T> {
  readonly size: number;
  /** Adds it, or moves it. */
  put(item: T, rank: Rank): void;
  has(item: T): boolean;
  /** True when it was there. */
  remove(item: T): boolean;
  /** The first, which stays. */
  peek(): { readonly item: T; readonly rank: Rank } | undefined;
  /** How many come before it. Looks at all of them. */
  ahead(item: T): number;
}

interface Entry<T> {
  readonly item: T;
  readonly rank: Rank;
}

/** `used` tells how much of its share a jobset has used: seconds for each of its shares. */
export function createFairQueue<T>(used: (share: number) => number): FairQueue<T> {
  const waiting = new Map<T, Entry<T>>();
  const heaps = new Map<number, Heap<Entry<T>>>();

  const first = (heap: Heap<Entry<T>>): Entry<T> | undefined => {
    for (let top = heap.peek(); top !== undefined; top = heap.peek()) {
      if (waiting.get(top.item) === top) return top;
      heap.pop();
    }
    return undefined;
  };

  return {
    get size() {
      return waiting.size;
    },
    put(item, rank) {
      const entry = { item, rank };
      waiting.set(item, entry);
      for (const share of rank.shares.length === 0 ? [nobody] : rank.shares) {
        const heap = heaps.get(share) ?? createHeap(goesBefore);
        heaps.set(share, heap);
        heap.push(entry);
      }
    },
    has: (item) => waiting.has(item),
    remove: (item) => waiting.delete(item),
    peek() {
      let best: Entry<T> | undefined;
      let bestUsed = 0;
      for (const [share, heap] of heaps) {
        const entry = first(heap);
        if (entry === undefined) {
          heaps.delete(share);
          continue;
        }
        const usedHere = share === nobody ? -1 : used(share);
        if (best === undefined || compareRanks(entry.rank, usedHere, best.rank, bestUsed) < 0) {
          best = entry;
          bestUsed = usedHere;
        }
      }
      return best;
    },
    ahead(item) {
      const own = waiting.get(item);
      if (own === undefined) return 0;
      const least = ({ shares }: Rank): number => leastUsed(shares, used);
      const ownUsed = least(own.rank);
      let count = 0;
      for (const { rank } of waiting.values()) {
        if (compareRanks(rank, least(rank), own.rank, ownUsed) < 0) count += 1;
      }
      return count;
    },
  };
}

/** The heap of what belongs to no jobset. */
const nobody = Number.NEGATIVE_INFINITY;

/** Of several jobsets that which has used least counts. */
export function leastUsed(shares: readonly number[], used: (share: number) => number): number {
  return shares.length === 0 ? -1 : Math.min(...shares.map(used));
}

/** Negative when `a` comes first; `usedByA`, `usedByB`: what their jobsets have used. */
export function compareRanks(a: Rank, usedByA: number, b: Rank, usedByB: number): number {
  return b.globalPriority - a.globalPriority || usedByA - usedByB || compareOrders(a.order, b.order);
}

function goesBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  const byPriority = b.rank.globalPriority - a.rank.globalPriority;
  return (byPriority || compareOrders(a.rank.order, b.rank.order)) < 0;
}

function compareOrders(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < a.length; index += 1) {
    const [left = 0, right = 0] = [a[index], b[index]];
    // Not the difference alone: infinity less infinity is no number.
    if (left !== right) return left - right;
  }
  return 0;
}
