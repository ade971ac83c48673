/**
 * Temporary roots on one store for everything that is built: many steps add to it at the same time, and each path is
 * told to the store once. Taken when the first path is added, and anew, with all paths, after its connection broke.
 */

import type { StorePath } from '../nix/store-path.ts';
import type { Store, TempRootLease } from '../store/store.ts';
import { createSerialize } from '../util/serialize.ts';

export function createSharedLease(store: Pick<Store, 'leaseTempRoots'>, signal: AbortSignal): TempRootLease {
  const serialize = createSerialize();
  const kept = new Set<StorePath>();
  let lease: TempRootLease | undefined;
  return {
    add: (paths) =>
      serialize(async () => {
        const fresh = [...new Set(paths).difference(kept)];
        try {
          if (lease === undefined) lease = await store.leaseTempRoots([...kept, ...fresh], { signal });
          else if (fresh.length > 0) await lease.add(fresh);
        } catch (error) {
          const broken = lease;
          lease = undefined;
          await broken?.[Symbol.asyncDispose]();
          throw error;
        }
        for (const path of fresh) kept.add(path);
      }),
    [Symbol.asyncDispose]: () => serialize(async () => lease?.[Symbol.asyncDispose]()),
  };
}
