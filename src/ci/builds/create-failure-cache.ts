/** Derivations known to fail, kept in the database for a while. */

import type { FailureCache, FailureKey } from '../../build/scheduler.ts';
import type { Database } from '../../db/database.ts';
import type { StorePath } from '../../nix/store-path.ts';

export function createFailureCache(
  { failures }: Pick<Database, 'failures'>,
  keptMs: number,
  now: () => number,
): FailureCache {
  return {
    async find(steps) {
      const known = new Map<string, string>();
      const keys = [...new Set(steps.flatMap(keysOf))];
      for (const { key, message } of await failures.find(keys, now())) known.set(key, message);
      const found = new Map<StorePath, string>();
      for (const step of steps) {
        const key = keysOf(step).find((each) => known.has(each));
        if (key !== undefined) found.set(step.drvPath, known.get(key) ?? '');
      }
      return found;
    },
    add: (step, message) => failures.add(keysOf(step), message, now() + keptMs),
  };
}

/** What cannot be made is the output; only where its path is not known, the derivation has to stand for it. */
function keysOf({ drvPath, outputs }: FailureKey): readonly string[] {
  return outputs.length > 0 ? outputs : [drvPath];
}
