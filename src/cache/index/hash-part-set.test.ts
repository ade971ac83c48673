import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHashPartSet } from './hash-part-set.ts';

const hashPart = fc.string({
  unit: fc.constantFrom(...'0123456789abcdfghijklmnpqrsvwxyz'.split('')),
  minLength: 32,
  maxLength: 32,
});

describe('a set of hash parts', () => {
  it('has what was added, and (but for one in 2^60) nothing else', () => {
    fc.assert(
      fc.property(fc.uniqueArray(hashPart, { maxLength: 3000 }), hashPart, (added, other) => {
        const set = createHashPartSet();
        for (const each of added) set.add(each);

        expect(added.every((each) => set.has(each))).toBe(true);
        expect(set.has(other)).toBe(added.includes(other));
        // The same in the middle of other bytes.
        const bytes = Buffer.from(`GET /${[...added, other].join('/')}/`);
        expect(added.every((_, n) => set.hasAt(bytes, 5 + 33 * n))).toBe(true);
        expect(set.hasAt(bytes, 5 + 33 * added.length)).toBe(added.includes(other));
        expect(set.size).toBe(added.length);
      }),
      { numRuns: 50 },
    );
  });

  it('counts what is added twice once', () => {
    const set = createHashPartSet();
    set.add('0'.repeat(32));
    set.add('0'.repeat(32));

    expect(set.size).toBe(1);
    expect(set.has('0'.repeat(32))).toBe(true);
  });

  it('forgets all when it is cleared', () => {
    const set = createHashPartSet();
    set.add('7'.repeat(32));
    set.clear();

    expect([set.size, set.has('7'.repeat(32))]).toEqual([0, false]);
  });

  it('keeps paths apart whose hash parts begin alike', () => {
    const set = createHashPartSet();
    const alike = Array.from(
      { length: 5000 },
      (_, n) => `000000${n.toString().padStart(6, '0')}${'z'.repeat(20)}`,
    );
    for (const each of alike) set.add(each);

    expect(alike.every((each) => set.has(each))).toBe(true);
    expect(set.has(`000000999999${'z'.repeat(20)}`)).toBe(false);
  });
});
