/** A closure: paths with all that they refer to. */

import type { StorePath } from '../nix/store-path.ts';
import { AppError } from '../util/app-error.ts';
import { referencesFirst } from './references-first.ts';
import type { CallOptions, PathInfo, Store } from './store.ts';

/**
 * The closure of `roots` in `store`, references first. Asks for one level of references at a time, all of it at once.
 * Throws `store.path-missing` naming a path that is not valid there.
 */
export async function queryClosure(
  store: Store,
  roots: readonly StorePath[],
  options: CallOptions = {},
): Promise<PathInfo[]> {
  const closure = new Map<StorePath, PathInfo>();
  for (let wanted = new Set(roots); wanted.size > 0; ) {
    const infos = await store.queryPathInfos([...wanted], options);
    const next = new Set<StorePath>();
    for (const path of wanted) {
      const info = infos.get(path);
      if (info === undefined)
        throw new AppError('store.path-missing', `${path} is not valid in ${store.name}`);
      closure.set(path, info);
      for (const reference of info.references) if (!closure.has(reference)) next.add(reference);
    }
    wanted = next.difference(new Set(closure.keys()));
  }
  return referencesFirst(closure.values());
}
