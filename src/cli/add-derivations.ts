/**
 * The derivations of hosts that build their systems themselves, in one path of the store that refers to them all, so
 * that one root keeps them from the garbage collector: a text with a line per host, `NAME DERIVATION`.
 */

import type { StorePath } from '../nix/store-path.ts';
import type { Store } from '../store/store.ts';

/** Adds `<hash>-morph-derivations` and says its path; the same derivations always give the same path. */
export function addDerivations(
  store: Store,
  drvPaths: ReadonlyMap<string, StorePath>,
  signal: AbortSignal,
): Promise<StorePath> {
  const lines = [...drvPaths].map(([name, drvPath]) => `${name} ${drvPath}\n`);
  return store.addToStore(
    {
      name: 'morph-derivations',
      method: 'text',
      content: Buffer.from(lines.join('')),
      references: [...new Set(drvPaths.values())].sort(),
    },
    { signal },
  );
}
