/**
 * Keeps store paths from the garbage collector while they are being sent.
 *
 * A temporary root lives as long as the connection that asked for it, and cannot be given back singly. So all
 * downloads share one lease, which is given up when the last of them has ended; under traffic that never ends, a
 * new lease is begun after so many roots, and the old one goes with its last user.
 */

import type { StorePath } from '../nix/store-path.ts';
import type { Store, TempRootLease } from '../store/store.ts';

export interface TempRootKeeper {
  /** Held until the result is disposed. Throws what the store throws. */
  keep(path: StorePath): Promise<AsyncDisposable>;
}

interface SharedLease {
  readonly lease: Promise<TempRootLease>;
  users: number;
  roots: number;
  /** No further user: its connection broke, or it holds enough roots. */
  retired: boolean;
}

export function createTempRootKeeper(
  store: Pick<Store, 'leaseTempRoots'>,
  maxRootsPerLease = 10_000,
): TempRootKeeper {
  let current: SharedLease | undefined;

  const leave = async (shared: SharedLease): Promise<void> => {
    shared.users -= 1;
    if (shared.users > 0) return;
    shared.retired = true;
    // A lease that broke is gone already, which is all that is wanted here.
    await shared.lease.then((lease) => lease[Symbol.asyncDispose]()).catch(() => {});
  };

  const enter = async (path: StorePath): Promise<SharedLease> => {
    if (current === undefined || current.retired || current.roots >= maxRootsPerLease) {
      current = { lease: store.leaseTempRoots([]), users: 0, roots: 0, retired: false };
    }
    const shared = current;
    shared.users += 1;
    shared.roots += 1;
    try {
      await (await shared.lease).add([path]);
      return shared;
    } catch (error) {
      shared.retired = true;
      await leave(shared);
      throw error;
    }
  };

  return {
    async keep(path) {
      const before = current;
      // A daemon that was restarted leaves a broken connection behind: once more with a new one.
      const shared = await enter(path).catch((error: unknown) => {
        if (before === undefined || current !== before) throw error;
        return enter(path);
      });
      let held = true;
      return {
        async [Symbol.asyncDispose]() {
          if (held) await leave(shared);
          held = false;
        },
      };
    },
  };
}
