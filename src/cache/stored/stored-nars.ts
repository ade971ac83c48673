/**
 * NARs kept as files, compressed once, independent of the garbage collector: the second source of a cache beside the
 * live store. The contract; `open-stored-nars.ts` keeps them in a blob store (`nar/<2 digits>/<file hash>.nar[.zst …]`)
 * and the database.
 *
 * What is recorded is there: a file is durable before its row is, and the row goes before the file. What the database
 * says of files is held in memory too, so it can be asked on every request; it follows within moments what other processes
 * with the same database do.
 */

import type { BlobRange } from '../../blobs/blob-store.ts';
import type { StoredNarRecord } from '../../db/cache-records.ts';

/** The content a NAR has: sha256 in base 16, and bytes. */
export interface NarContent {
  readonly narHash: string;
  readonly narSize: number;
}

export interface ReceiveOptions {
  /** As the name of the file says it. */
  readonly compression: string;
  /** What the name of the file says; else any. */
  readonly fileHash?: string;
  readonly maxFileBytes: number;
  readonly maxNarBytes: number;
  readonly signal: AbortSignal;
}

export interface ReceivedNar {
  readonly nar: StoredNarRecord;
  /** It was not there before. */
  readonly isNew: boolean;
  /** Of the programs that it has debug information of. */
  readonly buildIds: readonly string[];
}

/** Counts since the start. */
export interface StoredNarCounters {
  /** Made here, and taken in. */
  materialised: number;
  received: number;
  /** Files found damaged or gone; of those, made anew, and given up with their paths. */
  damaged: number;
  repaired: number;
  withdrawn: number;
}

/** A path that is in its cache no more, since its file, or that of one that it refers to, was lost. */
export interface WithdrawnPath {
  readonly cacheId: number;
  readonly hashPart: string;
  readonly path: string;
}

export interface StoredNars extends AsyncDisposable {
  /** Another number whenever what `byNarHash` and `byFileHash` say may have changed. */
  version(): number;
  readonly counters: Readonly<StoredNarCounters>;
  byNarHash(narHash: string): StoredNarRecord | undefined;
  byFileHash(fileHash: string): StoredNarRecord | undefined;
  /** The same, and the database is asked where it is not known here: another process may have just made it. */
  find(fileHash: string): Promise<StoredNarRecord | undefined>;
  /**
   * The hash parts of store paths that the NAR mentions. What was uploaded was searched while it came; others are read
   * for it.
   */
  mentions(nar: StoredNarRecord, signal: AbortSignal): Promise<readonly string[]>;
  /**
   * The file of this content, made out of the NAR where there is none yet: once, however many ask at the same time, in
   * whatever process.
   * Throws `cache.nar-corrupted` when what comes is not that content.
   */
  materialise(
    content: NarContent,
    open: (signal: AbortSignal) => AsyncIterable<Uint8Array>,
  ): Promise<StoredNarRecord>;
  /**
   * Takes in a file from somebody who is not trusted: it is kept as it came, if its hash is the one said, it unpacks
   * within the limits, and what it unpacks to is a NAR by every rule of the format. Throws `cache.upload-refused`.
   */
  receive(file: AsyncIterable<Uint8Array>, options: ReceiveOptions): Promise<ReceivedNar>;
  /**
   * The file, or a part of it. Its last piece comes only when the whole file is known to be what the row says; else
   * it throws `cache.nar-corrupted`, and the file is repaired or taken out. A piece is good only until the next one is
   * asked for.
   */
  read(nar: StoredNarRecord, range: BlobRange, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** The NAR inside, or a part of it, checked in the same way: for the URLs of before it was stored. */
  unpack(nar: StoredNarRecord, range: BlobRange, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /**
   * Resolves when the file is known to be what the row says: by its look if that was found right before, else, or with
   * `again`, by reading it. Throws `cache.nar-corrupted`; the file is then repaired or taken out.
   */
  verify(
    nar: StoredNarRecord,
    options?: { readonly again?: boolean; readonly signal?: AbortSignal },
  ): Promise<void>;
  /** Whether it is known, without waiting, to look as it did when it was found right; false says nothing. */
  looksSound(nar: StoredNarRecord): boolean;
  /** What became of a file that was found damaged or gone; waits until that is decided. */
  repair(nar: StoredNarRecord): Promise<'sound' | 'repaired' | 'withdrawn'>;
  /** The file behind it, for a server in front that sends it itself; undefined where there is none. */
  fileOf(nar: StoredNarRecord): string | undefined;
  /** Row, then file. False while a path of any cache has it, or an upload. */
  remove(fileHash: string): Promise<boolean>;
}
