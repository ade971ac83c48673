/**
 * Temporary roots that do not grow for ever: Nix drops those of a connection only all together, when it is closed. So
 * from time to time (`rotate`) a new lease takes over: it gets what is still needed and all that is added from then
 * on. The one before is closed at the next rotation, so that every path stays for at least the time between two.
 */

import type { StorePath } from '../nix/store-path.ts';
import type { Store, TempRootLease } from '../store/store.ts';
import { createSharedLease } from './shared-lease.ts';

export interface RotatingLease extends TempRootLease {
  /** Paths were added since the last rotation, or the lease before that is still there. */
  readonly inUse: boolean;
  /** `needed` is asked once the new lease has taken over, and may take its time. */
  rotate(needed: () => Promise<Iterable<StorePath>>): Promise<void>;
}

export function createRotatingLease(
  store: Pick<Store, 'leaseTempRoots'>,
  signal: AbortSignal,
): RotatingLease {
  let current = createSharedLease(store, signal);
  let used = false;
  /** Oldest first: what is to be closed at the next rotation. */
  const before: TempRootLease[] = [];
  return {
    get inUse() {
      return used || before.length > 0;
    },
    add(paths) {
      used = true;
      return current.add(paths);
    },
    async rotate(needed) {
      const old = before.splice(0);
      if (used) before.push(current);
      current = createSharedLease(store, signal);
      used = false;
      try {
        const paths = [...(await needed())];
        if (paths.length > 0) await this.add(paths);
      } catch (error) {
        // What is still needed has not been taken over: nothing is let go until the next time.
        before.unshift(...old);
        throw error;
      }
      for (const lease of old) await lease[Symbol.asyncDispose]();
    },
    async [Symbol.asyncDispose]() {
      for (const lease of [current, ...before.splice(0)]) await lease[Symbol.asyncDispose]();
    },
  };
}
