/** A closure out of the database of the local store, which costs no question to the daemon. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { StorePath } from '../nix/store-path.ts';
import { AppError } from '../util/app-error.ts';
import type { PathInfo } from './store.ts';
import type { StoreDatabase } from './store-database.ts';

/** Looking up is synchronous: others get their turn after so many. */
const atOnce = 200;

/** In no order. Throws `store.path-missing` naming a path that is not valid. */
export async function readClosure(
  database: Pick<StoreDatabase, 'lookupPath'>,
  roots: Iterable<StorePath>,
): Promise<readonly PathInfo[]> {
  const paths = new Set(roots);
  const infos: PathInfo[] = [];
  // A set is gone through to its end, also what is added meanwhile.
  for (const path of paths) {
    const info = database.lookupPath(path);
    if (info === undefined)
      throw new AppError('store.path-missing', `${path} is not valid in the local store`);
    infos.push(info);
    for (const reference of info.references) paths.add(reference);
    if (infos.length % atOnce === 0) await nextTurn();
  }
  return infos;
}
