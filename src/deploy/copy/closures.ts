/**
 * The closures of what is rolled out, asked of the local store: each path once, however many systems it is part of, and
 * kept there from the garbage collector until all of it is over.
 */

import type { StorePath } from '../../nix/store-path.ts';
import { referencesFirst } from '../../store/references-first.ts';
import type { PathInfo, Store, TempRootLease } from '../../store/store.ts';
import { AppError } from '../../util/app-error.ts';
import { createSerialize } from '../../util/serialize.ts';

export interface Closures extends AsyncDisposable {
  /** References first. Throws `store.path-missing` naming a path that is not valid here. */
  closureOf(roots: readonly StorePath[]): Promise<readonly PathInfo[]>;
}

/** `signal` ends questions that are under way for everybody: no single host's does. */
export function createClosures(store: Store, signal: AbortSignal): Closures {
  const known = new Map<StorePath, PathInfo>();
  // The second host of two that ask at the same time finds all of it known.
  const serialize = createSerialize();
  let opening: Promise<TempRootLease> | undefined;

  const learn = async (paths: readonly StorePath[]): Promise<void> => {
    opening ??= store.leaseTempRoots([], { signal });
    // Protected first: what is valid then stays so.
    await (await opening).add(paths);
    const infos = await store.queryPathInfos(paths, { signal });
    for (const path of paths) {
      const info = infos.get(path);
      if (info === undefined) {
        throw new AppError('store.path-missing', `${path} is not valid in ${store.name}`, {
          hint: 'Build it again: nothing kept it from the garbage collector.',
        });
      }
      known.set(path, info);
    }
  };

  const walk = async (roots: readonly StorePath[]): Promise<readonly PathInfo[]> => {
    const found = new Map<StorePath, PathInfo>();
    for (let wanted = [...new Set(roots)]; wanted.length > 0; ) {
      const unknown = wanted.filter((path) => !known.has(path));
      if (unknown.length > 0) await learn(unknown);
      const next = new Set<StorePath>();
      for (const path of wanted) {
        const info = known.get(path);
        if (info === undefined) throw new RangeError(`${path} was asked for and is not known`);
        found.set(path, info);
        for (const reference of info.references) if (!found.has(reference)) next.add(reference);
      }
      wanted = [...next].filter((path) => !found.has(path));
    }
    return referencesFirst(found.values());
  };

  return {
    closureOf: (roots) => serialize(() => walk(roots)),
    async [Symbol.asyncDispose]() {
      const lease = await opening?.catch(() => undefined);
      await lease?.[Symbol.asyncDispose]();
    },
  };
}
