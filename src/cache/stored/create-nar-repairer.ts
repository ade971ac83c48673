/**
 * Mends files that were found damaged or gone. A file is first read again, so that nothing is thrown away for a fault of
 * the moment. If it is damaged indeed, clients are told of it no more, and it is made anew out of what else has the same
 * content; where nothing has, its row goes, with every path that needs it, and then the file.
 */

import type { BlobStore } from '../../blobs/blob-store.ts';
import type { StoredNarRecord } from '../../db/cache-records.ts';
import type { Database } from '../../db/database.ts';
import { AppError } from '../../util/app-error.ts';
import type { NarVerifier } from './create-nar-verifier.ts';
import { narKey } from './nar-file.ts';
import type { NarIndex } from './nar-index.ts';
import type { StoredNarCounters, WithdrawnPath } from './stored-nars.ts';

export type OpenNar = (signal: AbortSignal) => AsyncIterable<Uint8Array>;

export interface RepairerDeps {
  readonly blobs: BlobStore;
  readonly database: Pick<Database, 'storedNars'>;
  readonly index: NarIndex;
  readonly verifier: NarVerifier;
  readonly counters: StoredNarCounters;
  readonly signal: AbortSignal;
  /** The NAR from elsewhere; undefined when nothing else has it. */
  readonly remake: (nar: StoredNarRecord) => Promise<OpenNar | undefined>;
  /** Makes the file, durable and under its key; its row is not there yet. */
  readonly pack: (nar: StoredNarRecord, open: OpenNar) => Promise<StoredNarRecord>;
  readonly onWithdrawn: (paths: readonly WithdrawnPath[]) => void;
}

export type RepairOutcome = 'sound' | 'repaired' | 'withdrawn';

/** Mends one file, once for all who ask at the same time. Throws when it cannot be found out what is wrong. */
export function createNarRepairer(deps: RepairerDeps): (nar: StoredNarRecord) => Promise<RepairOutcome> {
  const { blobs, database, index, verifier, counters, signal } = deps;
  const repairs = new Map<string, Promise<RepairOutcome>>();

  const isSound = async (nar: StoredNarRecord): Promise<boolean> => {
    try {
      await verifier.check(nar);
      return true;
    } catch (error) {
      if (error instanceof AppError && error.code === 'cache.nar-corrupted') return false;
      throw error;
    }
  };
  const makeAnew = async (nar: StoredNarRecord): Promise<StoredNarRecord | undefined> => {
    const open = await deps.remake(nar);
    if (open === undefined) return undefined;
    try {
      return await deps.pack(nar, open);
    } catch (error) {
      // What should have the content has another, or is gone by now, too.
      const isElse = error instanceof AppError && /^(?:cache\.nar-corrupted|store\.)/.test(error.code);
      if (isElse && !signal.aborted) return undefined;
      throw error;
    }
  };
  const mend = async (nar: StoredNarRecord): Promise<RepairOutcome> => {
    if (await isSound(nar)) return 'sound';
    counters.damaged += 1;
    index.hide(nar.fileHash);
    verifier.forget(nar.fileHash);
    const made = await makeAnew(nar);
    if (made === undefined) {
      const paths = await database.storedNars.withdraw(nar.fileHash);
      counters.withdrawn += 1;
      deps.onWithdrawn(paths);
      await blobs.delete(narKey(nar));
      return 'withdrawn';
    }
    await database.storedNars.replace(nar.fileHash, made);
    await database.storedNars.setVerified(made.fileHash, made.verifiedAt);
    index.add(made);
    counters.repaired += 1;
    if (made.fileHash !== nar.fileHash) await blobs.delete(narKey(nar));
    return 'repaired';
  };

  return (nar) => {
    const running = repairs.get(nar.fileHash);
    if (running !== undefined) return running;
    const repair = mend(nar)
      .catch((error: unknown) => {
        // Whoever asks for it next finds it as damaged as it is, and tries again.
        if (index.byNarHash(nar.narHash) === undefined) index.add(nar);
        throw error;
      })
      .finally(() => repairs.delete(nar.fileHash));
    repairs.set(nar.fileHash, repair);
    return repair;
  };
}
