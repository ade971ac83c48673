/**
 * Goes over all files with NARs: reads each again and compares it with its row, and looks for files that have no row
 * (orphans: their writer was killed before it could record them) and rows that have no file (phantoms). What is damaged
 * or gone is mended as when a client had come upon it; orphans are removed when they are old enough that nobody can be
 * about to record them.
 *
 * A NAR that nobody has looked at for debug information yet is looked at, too (`fill-in-build-ids.ts`).
 *
 * Files that were verified longest ago come first, and each is marked when it was found right: so it may be ended at any
 * time, and the next one goes on where this one stopped. The running server is not in the way.
 */

import type { BlobStore } from '../../blobs/blob-store.ts';
import type { StoredNarRecord } from '../../db/cache-records.ts';
import type { Database } from '../../db/database.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { pause } from '../../util/pause.ts';
import { fillInBuildIds } from './fill-in-build-ids.ts';
import { fileHashOfKey, narKey } from './nar-file.ts';
import type { StoredNars } from './stored-nars.ts';

export interface ScrubOptions {
  readonly nars: StoredNars;
  readonly blobs: BlobStore;
  readonly database: Pick<Database, 'storedNars' | 'cacheExtras'>;
  /** Those that were verified since then are left out. Milliseconds since 1970. */
  readonly before: number;
  /** Bytes read a second, on average; 0: as fast as it goes. */
  readonly bytesPerSecond: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly onFound?: (finding: ScrubFinding) => void;
}

export interface ScrubFinding {
  readonly kind: 'repaired' | 'withdrawn' | 'orphan' | 'unreadable';
  readonly file: string;
  readonly message: string;
}

export interface ScrubReport {
  readonly files: number;
  readonly bytes: number;
  /** NARs that were looked at for debug information, as nobody had done it. */
  readonly lookedInto: number;
  /** By what was found. */
  readonly repaired: number;
  readonly withdrawn: number;
  readonly orphans: number;
  readonly unreadable: number;
}

/** A file that is younger may be on its way to its row. */
const orphanAgeMs = 3_600_000;
const pageSize = 100;

export async function scrub(options: ScrubOptions): Promise<ScrubReport> {
  const { nars, blobs, database, before, bytesPerSecond, now, signal, onFound = () => {} } = options;
  const report = { files: 0, bytes: 0, lookedInto: 0, repaired: 0, withdrawn: 0, orphans: 0, unreadable: 0 };

  const check = async (nar: StoredNarRecord): Promise<void> => {
    const file = narKey(nar);
    try {
      await nars.verify(nar, { again: true, signal });
      // Before it is marked as verified: killed in between, the next run does it.
      if (await fillInBuildIds(nar, { nars, database, signal })) report.lookedInto += 1;
      await database.storedNars.setVerified(nar.fileHash, now());
    } catch (error) {
      signal.throwIfAborted();
      const isDamaged = error instanceof AppError && error.code === 'cache.nar-corrupted';
      const outcome = isDamaged ? await nars.repair(nar).catch(() => undefined) : undefined;
      if (outcome === 'sound') return;
      const kind = outcome ?? 'unreadable';
      report[kind] += 1;
      onFound({ kind, file, message: errorMessage(error) });
    }
  };

  const started = now();
  for (let seen = new Set<string>(); ; ) {
    const page = await database.storedNars.verifiedBefore(before, pageSize + seen.size);
    // Those that could not be read stay where they were in the order.
    const next = page.filter(({ fileHash }) => !seen.has(fileHash)).slice(0, pageSize);
    if (next.length === 0) break;
    for (const nar of next) {
      signal.throwIfAborted();
      await check(nar);
      seen.add(nar.fileHash);
      report.files += 1;
      report.bytes += nar.fileSize;
      const dueMs = bytesPerSecond === 0 ? 0 : (report.bytes / bytesPerSecond) * 1000 - (now() - started);
      if (dueMs > 0) await pause(dueMs, signal);
    }
    const left = await database.storedNars.verifiedBefore(before, pageSize + seen.size);
    seen = new Set(left.map(({ fileHash }) => fileHash).filter((fileHash) => seen.has(fileHash)));
  }
  for await (const { key, modifiedAt } of blobs.list('nar/', signal)) {
    if (now() - modifiedAt < orphanAgeMs) continue;
    const fileHash = fileHashOfKey(key);
    const row = fileHash === undefined ? undefined : await database.storedNars.byFileHash(fileHash);
    if (row !== undefined && narKey(row) === key) continue;
    await blobs.delete(key);
    report.orphans += 1;
    onFound({ kind: 'orphan', file: key, message: 'no row says what it is' });
  }
  return report;
}
