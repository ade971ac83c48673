/**
 * What has to be true before a build may be called succeeded: its outputs are valid and safe from the garbage collector,
 * all of their closure carries our signatures, and our cache answers for it.
 */

import type { SecretKey } from '../../nix/signing-key.ts';
import type { StorePath } from '../../nix/store-path.ts';
import { readClosure } from '../../store/read-closure.ts';
import { signPaths } from '../../store/sign-paths.ts';
import type { Store } from '../../store/store.ts';
import type { StoreDatabase } from '../../store/store-database.ts';
import type { GcRoots } from '../retention/gc-roots.ts';

export interface PublishDeps {
  readonly store: Pick<Store, 'addSignatures'>;
  /** Of the same store. */
  readonly storeDatabase: Pick<StoreDatabase, 'lookupPath'>;
  readonly roots: Pick<GcRoots, 'ensure'>;
  readonly keys: readonly SecretKey[];
  /** Throws when our cache does not answer for one of them. */
  readonly assertServable: (paths: readonly StorePath[]) => Promise<void>;
  readonly signal: AbortSignal;
}

export interface PublishedSize {
  /** Bytes of the outputs' NARs. */
  readonly size: number;
  /** Bytes of the NARs of all they need at run time, themselves included. */
  readonly closureSize: number;
}

/** Paths that were found servable are not asked about again; about so many are remembered. */
const maxRemembered = 200_000;

export type PublishOutputs = (outputs: ReadonlyMap<string, StorePath>) => Promise<PublishedSize>;

/** The function throws `store.path-missing` when an output was garbage-collected before it became a root. */
export function createPublishOutputs(deps: PublishDeps): PublishOutputs {
  const { store, storeDatabase, roots, keys, assertServable, signal } = deps;
  const servable = new Set<StorePath>();
  return async (outputs) => {
    const paths = [...new Set(outputs.values())];
    await roots.ensure(paths);
    const closure = await readClosure(storeDatabase, paths);
    const infos = closure.filter(({ path }) => !servable.has(path));
    await signPaths(store, infos, keys, { signal });
    const fresh = infos.map(({ path }) => path);
    if (fresh.length > 0) await assertServable(fresh);
    if (servable.size > maxRemembered) servable.clear();
    for (const path of fresh) servable.add(path);
    let size = 0;
    let closureSize = 0;
    const own = new Set(paths);
    for (const { path, narSize } of closure) {
      closureSize += narSize;
      if (own.has(path)) size += narSize;
    }
    return { size, closureSize };
  };
}
