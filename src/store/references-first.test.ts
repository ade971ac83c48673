import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleInfo, samplePath } from '../../test/store/sample-info.ts';
import { referencesFirst } from './references-first.ts';

describe('referencesFirst', () => {
  it('puts every path after all that it refers to, and keeps each once', () => {
    fc.assert(
      fc.property(
        // Path i may refer to paths below i and to itself, so there is no other cycle; then they are shuffled.
        fc
          .integer({ min: 0, max: 30 })
          .chain((count) =>
            fc.tuple(
              ...Array.from({ length: count }, (_, i) => fc.uniqueArray(fc.integer({ min: 0, max: i }))),
            ),
          )
          .map((lists: number[][]) =>
            lists.map((list, i) => sampleInfo(i, { references: list.map(samplePath) })),
          )
          .chain((infos) => fc.shuffledSubarray(infos, { minLength: infos.length })),
        (infos) => {
          const sorted = referencesFirst(infos);
          expect(new Set(sorted)).toEqual(new Set(infos));
          expect(sorted.length).toBe(infos.length);
          const position = new Map(sorted.map((info, index) => [info.path, index]));
          for (const info of sorted) {
            for (const reference of info.references) {
              expect(position.get(reference)).toBeLessThanOrEqual(position.get(info.path) ?? -1);
            }
          }
        },
      ),
    );
  });

  it('takes no notice of references to what is not there', () => {
    const info = sampleInfo(1, { references: [samplePath(0)] });
    expect(referencesFirst([info])).toEqual([info]);
  });

  it('follows chains that are longer than the call stack', () => {
    const infos = Array.from({ length: 50_000 }, (_, i) =>
      sampleInfo(i, { references: i === 0 ? [] : [samplePath(i - 1)] }),
    );
    expect(referencesFirst(infos.toReversed())[0]).toBe(infos[0]);
  });
});
