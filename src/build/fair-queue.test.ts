import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareRanks, createFairQueue, leastUsed, type Rank } from './fair-queue.ts';

const rank = (globalPriority: number, shares: readonly number[], ...order: number[]): Rank => ({
  globalPriority,
  shares,
  order,
});

function queue(used: Readonly<Record<number, number>> = {}) {
  return createFairQueue<string>((share) => used[share] ?? 0);
}

describe('createFairQueue', () => {
  it('has the higher global priority first, then the least used jobset, then the lower order', () => {
    const waiting = queue({ 1: 10, 2: 5 });
    waiting.put('used', rank(0, [1], 0));
    expect(waiting.peek()?.item).toBe('used');
    waiting.put('late', rank(0, [2], 9));
    expect(waiting.peek()?.item).toBe('late');
    waiting.put('early', rank(0, [2], 3));
    expect(waiting.peek()?.item).toBe('early');
    waiting.put('bumped', rank(1, [1], 99));
    expect(waiting.peek()?.item).toBe('bumped');
  });

  it('asks what was used each time anew', () => {
    const used: Record<number, number> = { 1: 10, 2: 5 };
    const waiting = createFairQueue<string>((share) => used[share] ?? 0);
    waiting.put('one', rank(0, [1]));
    waiting.put('two', rank(0, [2]));
    expect(waiting.peek()?.item).toBe('two');
    used[2] = 11;
    expect(waiting.peek()?.item).toBe('one');
  });

  it('takes the best of the jobsets of a thing, and what has none first', () => {
    const waiting = queue({ 1: 10, 2: 5, 3: 7 });
    waiting.put('three', rank(0, [3]));
    waiting.put('shared', rank(0, [1, 2]));
    expect(waiting.peek()?.item).toBe('shared');
    waiting.put('nobody', rank(0, []));
    expect(waiting.peek()?.item).toBe('nobody');
  });

  it('moves what is put again, and forgets what is removed', () => {
    const waiting = queue();
    waiting.put('a', rank(0, [1], 1));
    waiting.put('b', rank(0, [1], 2));
    waiting.put('a', rank(0, [1], 3));
    expect(waiting.peek()?.item).toBe('b');
    expect(waiting.size).toBe(2);
    expect(waiting.remove('b')).toBe(true);
    expect(waiting.remove('b')).toBe(false);
    expect(waiting.has('b')).toBe(false);
    expect(waiting.peek()?.item).toBe('a');
    waiting.remove('a');
    expect(waiting.peek()).toBeUndefined();
  });

  it('is a sorted list, whatever is put, moved and removed', () => {
    const shares = fc.uniqueArray(fc.nat(3), { maxLength: 2 });
    const action = fc.record({
      item: fc.nat(6),
      remove: fc.boolean(),
      rank: fc.record({ globalPriority: fc.nat(2), shares, order: fc.tuple(fc.nat(2), fc.nat(99)) }),
    });
    fc.assert(
      fc.property(fc.array(action), fc.array(fc.nat(5), { minLength: 4, maxLength: 4 }), (actions, usage) => {
        const used = (share: number): number => usage[share] ?? 0;
        const waiting = createFairQueue<number>(used);
        const model = new Map<number, Rank>();
        for (const { item, remove, rank: of } of actions) {
          // The last number makes each order its own, as there is no telling between equals.
          const own = { ...of, order: [...of.order, item] };
          if (remove) {
            waiting.remove(item);
            model.delete(item);
          } else {
            waiting.put(item, own);
            model.set(item, own);
          }
          const sorted = [...model].sort(([, a], [, b]) =>
            compareRanks(a, leastUsed(a.shares, used), b, leastUsed(b.shares, used)),
          );
          expect(waiting.peek()?.item).toBe(sorted[0]?.[0]);
          expect(sorted.map(([each]) => waiting.ahead(each))).toEqual(sorted.map((_, index) => index));
        }
      }),
    );
  });
});
