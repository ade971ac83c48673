/**
 * Copying for hosts that may have it already: where all is there nothing is asked of our own store, which need not have
 * it, as when a host goes back to a system that only it still has.
 */

import type { FleetCopier } from './create-fleet-copier.ts';

/** The same copier but for that; disposing either is disposing both. */
export function copyUnlessPresent(copier: FleetCopier): FleetCopier {
  return {
    closureOf: (path) => copier.closureOf(path),
    counters: copier.counters,
    async copy(session, request, options) {
      const { roots } = request;
      const { signal } = options;
      const isThere = async (): Promise<boolean> => {
        return (await session.store.queryValidPaths(roots, { signal })).size === new Set(roots).size;
      };
      if (await isThere()) {
        // What it refers to is there as well; kept until the session ends.
        await session.store.leaseTempRoots(roots, { signal });
        if (await isThere()) return { paths: 0, bytes: 0, substituted: 0 };
      }
      return copier.copy(session, request, options);
    },
    [Symbol.asyncDispose]: () => copier[Symbol.asyncDispose](),
  };
}
