/**
 * The result of a build as Morph has it: one directory with a link per host to its system. It is put into the store
 * as content with references, not built: no evaluation, no builder, and a host that failed does not spoil it.
 */

import { encodeNar, type NarTree } from '../nix/nar-writer.ts';
import type { StorePath } from '../nix/store-path.ts';
import type { Store } from '../store/store.ts';

/** Adds the directory `<hash>-morph` and says its path; the same hosts always give the same path. */
export function addResult(
  store: Store,
  hosts: ReadonlyMap<string, StorePath>,
  signal: AbortSignal,
): Promise<StorePath> {
  const entries = new Map<string, NarTree>();
  for (const [name, toplevel] of hosts) entries.set(name, { type: 'symlink', target: toplevel });
  return store.addToStore(
    {
      name: 'morph',
      method: 'nar',
      content: Buffer.concat([...encodeNar({ type: 'directory', entries })]),
      references: [...new Set(hosts.values())].sort(),
    },
    { signal },
  );
}
