/**
 * What changes on the hosts of a rollout, asked beside all else: no host waits for it, and what goes wrong with it changes
 * nothing. At the end of the rollout those that are still asked get a moment, as the local store needs no more.
 */

import { isStorePath } from '../../nix/store-path.ts';
import type { HostDiff } from '../diff/host-diff.ts';
import type { HostFacts } from '../session/host-facts.ts';
import type { HostSteps } from './host-steps.ts';
import type { HostState } from './rollout-state.ts';

/** Disposing asks nothing more, and waits for what is under way. */
export interface HostDiffs extends AsyncDisposable {
  /** `facts`: how the host stood when it was begun. Asks nothing where it is known already. */
  ask(host: string, steps: HostSteps, past: HostState | undefined, facts: HostFacts | undefined): void;
  /** Asks nothing more, a moment from now or as soon as all have answered. */
  end(): Promise<void>;
}

export interface HostDiffsDeps {
  /** What it throws is passed over. */
  readonly note: (host: string, diff: HostDiff) => Promise<void>;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

const lastMomentMs = 3000;

export function createHostDiffs({ note, sleep }: HostDiffsDeps): HostDiffs {
  const asking = new Set<Promise<void>>();
  const over = new AbortController();
  const { signal } = over;
  const dispose = async (): Promise<void> => {
    over.abort();
    await Promise.allSettled(asking);
  };

  return {
    ask(host, steps, past, facts) {
      if (steps.diff === undefined || facts === undefined || past === undefined || past.diffKnown) return;
      // When it is gone on with the host may run its new system already.
      const { previous } = past;
      const before = previous !== undefined && isStorePath(previous) ? previous : facts.current;
      const work = steps
        .diff(before, { signal })
        .then((diff) => note(host, diff))
        .catch(() => {})
        .finally(() => asking.delete(work));
      asking.add(work);
    },
    async end() {
      if (asking.size > 0) {
        const answered = new AbortController();
        const sleeping = sleep(lastMomentMs, answered.signal).catch(() => {});
        await Promise.race([Promise.allSettled(asking), sleeping]);
        answered.abort();
      }
      await dispose();
    },
    [Symbol.asyncDispose]: dispose,
  };
}
