/**
 * Brings back into the local store what the garbage collector has taken and the cache still has as files: paths with all
 * that they refer to, references first. Files are checked while they are unpacked, the store checks the NARs.
 */

import { type StorePath, storePathHash } from '../../nix/store-path.ts';
import { referencesFirst } from '../../store/references-first.ts';
import type { PathInfo, Store } from '../../store/store.ts';
import { AppError } from '../../util/app-error.ts';
import type { ServedPath } from '../path-source.ts';
import type { StoredNars } from './stored-nars.ts';

export interface RestoreDeps {
  readonly store: Pick<Store, 'queryValidPaths' | 'addMultipleToStore'>;
  /** The paths that are kept for good. */
  readonly kept: { lookup(hashPart: string): Promise<ServedPath | undefined> };
  readonly nars: Pick<StoredNars, 'unpack'>;
}

type Kept = ServedPath & { readonly stored: NonNullable<ServedPath['stored']> };

/** Says what came back. Throws `store.path-missing` naming a path that is neither in the store nor in the cache. */
export async function restoreClosure(
  roots: readonly StorePath[],
  { store, kept, nars }: RestoreDeps,
  signal: AbortSignal,
): Promise<readonly StorePath[]> {
  const found = new Map<StorePath, Kept>();
  const seen = new Set<StorePath>(roots);
  for (let wanted = [...roots]; wanted.length > 0; ) {
    // What is valid has all that it refers to.
    const valid = await store.queryValidPaths(wanted, { signal });
    const next: StorePath[] = [];
    for (const path of wanted) {
      if (valid.has(path)) continue;
      const info = await kept.lookup(storePathHash(path));
      if (info?.path !== path || info.stored === undefined) throw lost(path, roots);
      found.set(path, { ...info, stored: info.stored });
      for (const reference of info.references) {
        if (seen.has(reference)) continue;
        seen.add(reference);
        next.push(reference);
      }
    }
    wanted = next;
  }
  if (found.size === 0) return [];
  const incoming = referencesFirst(found.values()).map((info) => ({
    info: plainInfo(info),
    nar: () => unpack(found, info.path, nars, signal),
  }));
  await store.addMultipleToStore(incoming, { signal, withoutSignatureCheck: true });
  return incoming.map(({ info }) => info.path);
}

async function* unpack(
  found: ReadonlyMap<StorePath, Kept>,
  path: StorePath,
  nars: RestoreDeps['nars'],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const nar = found.get(path)?.stored;
  if (nar !== undefined) yield* nars.unpack(nar, { start: 0, end: nar.narSize }, signal);
}

/** The store is told nothing of files. */
function plainInfo({ stored: _, ...info }: PathInfo & { readonly stored?: unknown }): PathInfo {
  return info;
}

function lost(path: StorePath, roots: readonly StorePath[]): AppError {
  const of = roots.includes(path) ? '' : `, which ${roots.join(', ')} needs,`;
  return new AppError('store.path-missing', `${path}${of} is neither in the store nor kept in the cache`, {
    hint: 'Evaluate its jobset again with `proteus jobset evaluate --force`, or restart its build: then it is built anew.',
  });
}
