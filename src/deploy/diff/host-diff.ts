/**
 * What changes on a host between what it ran when a rollout came to it and what it is given, as the record of the rollout
 * keeps it. What could not be had is said, not guessed.
 */

import { z } from 'zod';
import type { ChangedPackage, ClosureDiff } from './diff-closures.ts';
import type { UnitDiff } from './diff-units.ts';

/** `rebuilt` is a number here: after an update it would be most of the system by name. */
export type ClosureChange = Omit<ClosureDiff, 'rebuilt'> & { readonly rebuilt: number };

export interface HostDiff {
  /** Undefined: the host did not say what it runs. */
  readonly before?: string | undefined;
  readonly after: string;
  readonly closure?: ClosureChange | undefined;
  readonly units?: UnitDiff | undefined;
  /** What could not be had, and why, in words. */
  readonly unknown: readonly string[];
}

const texts = z.array(z.string());
const count = z.int().min(0);

const changedPackage: z.ZodType<ChangedPackage> = z.strictObject({
  name: z.string(),
  change: z.enum(['added', 'removed', 'up', 'down', 'changed']),
  before: texts,
  after: texts,
});

/** As it is kept; also what the API answers with. */
export const hostDiffSchema = z
  .strictObject({
    before: z.string().optional(),
    after: z.string(),
    closure: z
      .strictObject({
        packages: z.array(changedPackage),
        rebuilt: count,
        bytesBefore: count,
        bytesAfter: count,
        newPaths: count,
        newBytes: count,
      })
      .optional(),
    units: z.strictObject({ added: texts, removed: texts, changed: texts }).optional(),
    unknown: texts,
  })
  .meta({ id: 'HostDiff' });
