/**
 * Keeps store paths from the garbage collector while they are being sent.
 *
 * A temporary root lives as long as the connection that asked for it, and cannot be given back singly. So all
 * downloads share one lease, which is given up a moment after the last of them has ended: a connection costs more than a
 * small download, and those of one client come one after the other. Under traffic that never ends, a new lease is begun
 * after so many roots, and the old one goes with its last user.
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
  /** No further user: its connection broke, it holds enough roots, or it was given up. */
  retired: boolean;
  /** Runs while it has no user. */
  lingering: NodeJS.Timeout | undefined;
}

export interface TempRootKeeperOptions {
  readonly maxRootsPerLease?: number;
  /** How long a lease without users is kept for the next one; default half a second. */
  readonly lingerMs?: number;
}

export function createTempRootKeeper(
  store: Pick<Store, 'leaseTempRoots'>,
  { maxRootsPerLease = 10_000, lingerMs = 500 }: TempRootKeeperOptions = {},
): TempRootKeeper {
  let current: SharedLease | undefined;

  const giveUp = async (shared: SharedLease): Promise<void> => {
    shared.retired = true;
    clearTimeout(shared.lingering);
    // A lease that broke, or whose store was closed, is gone already, which is all that is wanted here.
    await shared.lease.then((lease) => lease[Symbol.asyncDispose]()).catch(() => {});
  };

  const leave = async (shared: SharedLease): Promise<void> => {
    shared.users -= 1;
    if (shared.users > 0) return;
    if (shared.retired) return giveUp(shared);
    shared.lingering = setTimeout(() => void giveUp(shared), lingerMs).unref();
  };

  const enter = async (path: StorePath): Promise<SharedLease> => {
    if (current === undefined || current.retired) {
      current = {
        lease: store.leaseTempRoots([]),
        users: 0,
        roots: 0,
        retired: false,
        lingering: undefined,
      };
    }
    const shared = current;
    clearTimeout(shared.lingering);
    shared.users += 1;
    shared.roots += 1;
    if (shared.roots >= maxRootsPerLease) shared.retired = true;
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
