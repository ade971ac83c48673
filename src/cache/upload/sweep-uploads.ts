/**
 * Gives up uploads that came to nothing: a NAR that no narinfo followed within a day, or one that was cut. The file goes
 * too, unless something else has it.
 */

import type { CacheUploadRepository } from '../../db/cache-database.ts';
import type { StoredNars } from '../stored/stored-nars.ts';

/** How long a NAR may wait for its narinfo. */
export const uploadPatienceMs = 24 * 3600 * 1000;

export interface SweepDeps {
  readonly uploads: Pick<CacheUploadRepository, 'before' | 'remove'>;
  readonly stored: Pick<StoredNars, 'remove' | 'find'>;
  readonly now: () => number;
}

/** How many files were removed. */
export async function sweepUploads(
  { uploads, stored, now }: SweepDeps,
  signal: AbortSignal,
): Promise<number> {
  let removed = 0;
  for (const { cacheId, fileHash } of await uploads.before(now() - uploadPatienceMs)) {
    signal.throwIfAborted();
    const fileMayGo = await uploads.remove(cacheId, fileHash);
    if (fileMayGo && (await stored.find(fileHash)) !== undefined && (await stored.remove(fileHash)))
      removed += 1;
  }
  return removed;
}
