/**
 * The paths of the cache at the root of a server: those of the live store, and those that it keeps for good. A path in
 * the live store is told of as the store has it; where there is a file of its NAR, clients are sent to that.
 */

import type { StoredNarRecord } from '../../db/cache-records.ts';
import { mayHaveAt } from '../may-have-at.ts';
import type { PathSource, ServedPath } from '../path-source.ts';
import type { StoredNars } from './stored-nars.ts';

export interface MainSourceDeps {
  readonly live: PathSource;
  readonly kept: PathSource;
  readonly nars: Pick<StoredNars, 'version' | 'byNarHash'>;
  /** Told of the file that clients are sent to for a path of the live store. */
  readonly onFile?: (path: ServedPath, stored: StoredNarRecord) => void;
  /** Told of paths that are looked up and have a file. */
  readonly onServed?: (hashPart: string) => void;
}

export function createMainPathSource({ live, kept, nars, onFile, onServed }: MainSourceDeps): PathSource {
  let version = 0;
  // NaN is no version: the first look is a change.
  let [liveAt, keptAt, narsAt] = [Number.NaN, Number.NaN, Number.NaN];

  const withFile = (path: ServedPath | undefined): ServedPath | undefined => {
    const stored = path && nars.byNarHash(path.narHash);
    if (path === undefined || stored === undefined) return path;
    onFile?.(path, stored);
    return { ...path, stored };
  };
  const orKept = (hashPart: string, path: ServedPath | undefined) => {
    if (path !== undefined) {
      if (path.stored !== undefined) onServed?.(hashPart);
      return path;
    }
    return kept.mayHave(hashPart) ? kept.lookup(hashPart) : undefined;
  };

  return {
    version() {
      const [liveNow, keptNow, narsNow] = [live.version(), kept.version(), nars.version()];
      if (liveNow !== liveAt || keptNow !== keptAt || narsNow !== narsAt) {
        [liveAt, keptAt, narsAt] = [liveNow, keptNow, narsNow];
        version += 1;
      }
      return version;
    },
    mayHave: (hashPart) => live.mayHave(hashPart) || kept.mayHave(hashPart),
    mayHaveAt: (bytes, at) => mayHaveAt(live, bytes, at) || mayHaveAt(kept, bytes, at),
    lookup(hashPart) {
      // The kept ones need not be asked for what the store surely has not.
      const found = live.mayHave(hashPart) ? live.lookup(hashPart) : undefined;
      return found instanceof Promise
        ? found.then((path) => orKept(hashPart, withFile(path)))
        : orKept(hashPart, withFile(found));
    },
  };
}
