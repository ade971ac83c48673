/**
 * Which files the cache at the root gives out: those that it sent clients to, and those of a public cache. Files are
 * shared by caches, and some caches are private.
 *
 * A yes is remembered for as long as narinfos may tell of a path that was deleted, so that a client who asks for file after
 * file costs a query for each only once. A no is not: a file may be made public the next moment.
 */

import type { CachePathRepository, CacheUploadRepository } from '../../db/cache-database.ts';
import { lookAgainMs } from '../caches/cache-path-source.ts';
import type { StoredServing } from './serve-nar-file.ts';

export interface MainGateDeps {
  readonly paths: Pick<CachePathRepository, 'withFile'>;
  readonly uploads: Pick<CacheUploadRepository, 'isPending'>;
  /** Whether a client was sent to that file for a path of the live store. */
  readonly wasTold: (fileHash: string) => boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const maxRemembered = 100_000;

export function createMainGate({
  paths,
  uploads,
  wasTold,
  now,
}: MainGateDeps): NonNullable<StoredServing['mayServe']> {
  const yesUntil = new Map<string, number>();

  const ask = async (fileHash: string): Promise<boolean> => {
    const holders = await paths.withFile(fileHash);
    // One that nothing has may be on its way into a private cache.
    if (holders.length === 0) return !(await uploads.isPending(fileHash));
    if (!holders.some(({ isPrivate }) => !isPrivate)) return false;
    if (yesUntil.size >= maxRemembered) yesUntil.clear();
    yesUntil.set(fileHash, now() + lookAgainMs);
    return true;
  };
  return ({ fileHash }) => wasTold(fileHash) || now() < (yesUntil.get(fileHash) ?? 0) || ask(fileHash);
}
