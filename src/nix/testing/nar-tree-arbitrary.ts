/** Random trees for property tests of the NAR formats. */

import fc from 'fast-check';
import { decodeByteString } from '../byte-string.ts';
import { narNameProblem, narTargetProblem } from '../nar-names.ts';
import type { NarTree } from '../nar-writer.ts';

const name = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).map((text) => Buffer.from(text)),
    fc.uint8Array({ minLength: 1, maxLength: 12 }),
  )
  .filter((bytes) => narNameProblem(bytes) === undefined)
  .map(decodeByteString);

const target = fc
  .uint8Array({ minLength: 1, maxLength: 40 })
  .filter((bytes) => narTargetProblem(bytes) === undefined)
  .map(decodeByteString);

const { tree } = fc.letrec<{ tree: NarTree; regular: NarTree; symlink: NarTree; directory: NarTree }>(
  (tie) => ({
    tree: fc.oneof({ maxDepth: 4, withCrossShrink: true }, tie('regular'), tie('symlink'), tie('directory')),
    regular: fc.record({
      type: fc.constant('regular' as const),
      contents: fc.uint8Array({ maxLength: 40 }),
      executable: fc.boolean(),
    }),
    symlink: fc.record({ type: fc.constant('symlink' as const), target }),
    directory: fc.record({
      type: fc.constant('directory' as const),
      entries: fc
        .array(fc.tuple(name, tie('tree')), { maxLength: 5 })
        .map((entries) => new Map(entries) as ReadonlyMap<string, NarTree>),
    }),
  }),
);

/** Trees with every kind of node and names of any bytes. */
export const narTreeArbitrary: fc.Arbitrary<NarTree> = tree;
