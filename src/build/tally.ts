/** Counts what was built since the queue was last idle, and tells it when it is idle again. */

import type { Emit } from '../events/event.ts';

export interface Tally {
  /** There is work, from now on at the latest. */
  begin(): void;
  built(): void;
  failed(): void;
  /** Tells the sum, if there is any. */
  idle(): void;
}

export function createTally(emit: Emit, now: () => number): Tally {
  let sum: { built: number; failed: number; readonly since: number } | undefined;
  const begin = (): NonNullable<typeof sum> => {
    sum ??= { built: 0, failed: 0, since: now() };
    return sum;
  };
  return {
    begin,
    built() {
      begin().built += 1;
    },
    failed() {
      begin().failed += 1;
    },
    idle() {
      if (sum === undefined) return;
      const { built, failed, since } = sum;
      sum = undefined;
      emit({ type: 'build.done', built, failed, durationMs: now() - since });
    },
  };
}
