/**
 * Goes over all logs that were uploaded: reads each again, and removes what is damaged or gone, for nothing else has it;
 * and files that have no row, once they are old enough that nobody can be about to record them.
 */

import type { BlobStore } from '../../blobs/blob-store.ts';
import type { Database } from '../../db/database.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import type { ScrubFinding } from '../stored/scrub.ts';
import { logPrefix } from './open-kept-extras.ts';
import { readKeptLog } from './read-kept-log.ts';

export interface KeptScrubOptions {
  readonly blobs: BlobStore;
  readonly database: Pick<Database, 'cacheExtras'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly onFound?: (finding: ScrubFinding) => void;
}

export interface KeptScrubReport {
  readonly logs: number;
  readonly withdrawn: number;
  readonly orphans: number;
  readonly unreadable: number;
}

/** A file that is younger may be on its way to its row. */
const orphanAgeMs = 3_600_000;

export async function scrubKept(options: KeptScrubOptions): Promise<KeptScrubReport> {
  const { blobs, database, now, signal, onFound = () => {} } = options;
  const { cacheExtras } = database;
  const report = { logs: 0, withdrawn: 0, orphans: 0, unreadable: 0 };
  for await (const extra of cacheExtras.files()) {
    signal.throwIfAborted();
    const file = extra.file ?? '';
    report.logs += 1;
    try {
      for await (const _ of readKeptLog(extra, blobs, signal));
    } catch (error) {
      signal.throwIfAborted();
      // A log that was let go meanwhile is no loss.
      if (!(await cacheExtras.hasFile(file))) continue;
      const isDamaged = error instanceof AppError && error.code === 'cache.log-corrupted';
      if (isDamaged && (await cacheExtras.remove(extra.id))) await blobs.delete(file);
      const kind = isDamaged ? 'withdrawn' : 'unreadable';
      report[kind] += 1;
      onFound({ kind, file, message: errorMessage(error) });
    }
  }
  for await (const { key, modifiedAt } of blobs.list(logPrefix, signal)) {
    if (now() - modifiedAt < orphanAgeMs || (await cacheExtras.hasFile(key))) continue;
    await blobs.delete(key);
    report.orphans += 1;
    onFound({ kind: 'orphan', file: key, message: 'no row says what it is' });
  }
  return report;
}
