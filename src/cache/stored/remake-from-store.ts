/** Finds the NAR of a file that was lost in the live store: under any of the paths that caches have it for. */

import type { CachePathRepository } from '../../db/cache-database.ts';
import type { StoredNarRecord } from '../../db/cache-records.ts';
import { parseStorePath } from '../../nix/store-path.ts';
import type { PathInfo } from '../../store/store.ts';
import type { StoreDatabase } from '../../store/store-database.ts';
import type { TempRootKeeper } from '../create-temp-root-keeper.ts';
import type { OpenNar } from './create-nar-repairer.ts';

export interface RemakeDeps {
  readonly paths: Pick<CachePathRepository, 'withFile'>;
  readonly storeDatabase: Pick<StoreDatabase, 'lookupPath'>;
  readonly roots: TempRootKeeper;
  readonly dump: (info: PathInfo) => AsyncIterable<Uint8Array>;
}

export function remakeFromStore({ paths, storeDatabase, roots, dump }: RemakeDeps) {
  return async (nar: StoredNarRecord): Promise<OpenNar | undefined> => {
    for (const { path } of await paths.withFile(nar.fileHash)) {
      const info = storeDatabase.lookupPath(parseStorePath(path));
      if (info?.narHash !== nar.narHash) continue;
      return async function* () {
        await using _root = await roots.keep(info.path);
        yield* dump(info);
      };
    }
    return undefined;
  };
}
