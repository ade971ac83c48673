/**
 * Where a cache's answers come from: the live store, the paths it keeps for good, or both. What narinfos are made of,
 * and what they are kept by (`narinfo-cache.ts`).
 */

import type { StoredNarRecord } from '../db/cache-records.ts';
import type { PathInfo } from '../store/store.ts';

/** A path that can be served now. */
export interface ServedPath extends PathInfo {
  /** Its NAR as a file. Without it the path is in the live store, and its NAR is made while it is sent. */
  readonly stored?: StoredNarRecord | undefined;
  /** It is not told of as the live store has it: its files are those in `stored`, whatever lies on disk. */
  readonly isKept?: true;
}

export interface PathSource {
  /** Another number whenever anything may have changed: what was found at another version is looked up again. */
  version(): number;
  /** False only when it surely has no such path in this version. Costs no query. */
  mayHave(hashPart: string): boolean;
  /**
   * The same for the hash part whose 32 characters begin at `at`, as a request came in. A source without it is asked
   * by text.
   */
  mayHaveAt?(bytes: Buffer, at: number): boolean;
  /**
   * At once where that is possible; a promise where a database has to be asked. The front door hands such requests to
   * the server behind it.
   */
  lookup(hashPart: string): ServedPath | undefined | Promise<ServedPath | undefined>;
}
