/**
 * NARs in a blob store and the database (the contract is `stored-nars.ts`).
 *
 * A file goes through `being written` (no key), `durable` (under its key), `recorded` (its row is there) and `known` (in
 * the index in memory, so that clients are told of it), in this order; and when it is removed, the other way round. So
 * whenever the process is killed, what is recorded is there; what is there and not recorded is never served, and scrubbing
 * removes it. Adding and removing the same file wait for each other. Other processes may do the same with the same database
 * and files: the index follows them, and one at a time makes a file of one content.
 */

import type { BlobRange, BlobStore } from '../../blobs/blob-store.ts';
import type { StoredNarRecord } from '../../db/cache-records.ts';
import type { Database } from '../../db/database.ts';
import { formatBareHash, parseHash } from '../../nix/hash.ts';
import { AppError } from '../../util/app-error.ts';
import { keepFollowing } from '../index/keep-following.ts';
import { createKeyedLock } from './create-keyed-lock.ts';
import { createNarClaims } from './create-nar-claims.ts';
import { createNarRepairer, type OpenNar } from './create-nar-repairer.ts';
import { createNarThreads, type NarThreads } from './create-nar-threads.ts';
import { createNarVerifier } from './create-nar-verifier.ts';
import { decompress } from './decompress.ts';
import { findMentions } from './find-mentions.ts';
import { followNars } from './follow-nars.ts';
import { isKnownCompression, narKey } from './nar-file.ts';
import { createNarIndex } from './nar-index.ts';
import { packNar } from './pack-nar.ts';
import { readVerified } from './read-verified.ts';
import type { NarContent, StoredNarCounters, StoredNars, WithdrawnPath } from './stored-nars.ts';

export interface StoredNarsOptions {
  /** Stays open. */
  readonly blobs: BlobStore;
  /** Stays open. */
  readonly database: Pick<Database, 'storedNars'>;
  /** The NAR of a damaged file from elsewhere; default: nothing else has it. */
  readonly remake?: (nar: StoredNarRecord) => Promise<OpenNar | undefined>;
  /** Paths that caches have no more, since a file was lost. */
  readonly onWithdrawn?: (paths: readonly WithdrawnPath[]) => void;
  /** Told of what went wrong in the background. */
  readonly onFault?: (message: string, error: unknown) => void;
  /** Stay open; default: threads of its own. */
  readonly threads?: NarThreads;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** How often it looks at what other processes have done. */
  readonly followMs?: number;
}

/** Reads what the database has. Disposing ends all that is under way. */
export async function openStoredNars(options: StoredNarsOptions): Promise<StoredNars> {
  const { blobs, database, onFault, now = Date.now } = options;
  const closing = new AbortController();
  const { signal } = closing;
  const threads = options.threads ?? createNarThreads();
  const index = createNarIndex();
  const following = keepFollowing({
    everyMs: options.followMs ?? 250,
    follow: await followNars(database, index),
    onFault: (error) => onFault?.('cannot follow what other processes do with the files', error),
  });
  const claims = createNarClaims({ database, now, signal });
  const verifier = createNarVerifier({ blobs, threads, signal });
  const counters: StoredNarCounters = {
    materialised: 0,
    received: 0,
    damaged: 0,
    repaired: 0,
    withdrawn: 0,
  };
  const lock = createKeyedLock();
  const underWay = new Map<string, Promise<StoredNarRecord>>();
  const background = new Set<Promise<unknown>>();

  /** The file of a NAR, durable and under its key. */
  const pack = async (content: NarContent, open: OpenNar): Promise<StoredNarRecord> => {
    await using writer = await blobs.create(signal);
    const packed = await packNar(content, open(signal), { threads, writer });
    const at = now();
    const { narHash, narSize } = content;
    const nar = { ...packed, narHash, narSize, createdAt: at, verifiedAt: at };
    await writer.commit(narKey(nar));
    await verifier.learn(nar);
    return nar;
  };
  /** Makes what is durable known; throws when somebody else has removed it meanwhile. */
  const record = async (nar: StoredNarRecord, mentions?: readonly string[]): Promise<void> => {
    await database.storedNars.add(nar, mentions);
    // Another process may have removed the same file, between our writing it and our recording it.
    if ((await blobs.stat(narKey(nar), signal)) === undefined) {
      await database.storedNars.remove(nar.fileHash);
      throw new AppError('blobs.missing', `${narKey(nar)} was removed while it was being added`);
    }
    index.add(nar);
  };
  const repair = createNarRepairer({
    blobs,
    database,
    index,
    verifier,
    counters,
    signal,
    remake: options.remake ?? (async () => undefined),
    pack,
    onWithdrawn: (paths) => options.onWithdrawn?.(paths),
  });
  const mend = (nar: StoredNarRecord): void => {
    if (signal.aborted) return;
    const work = repair(nar)
      .catch((error: unknown) => {
        if (!signal.aborted) onFault?.(`cannot repair ${narKey(nar)}`, error);
      })
      .finally(() => background.delete(work));
    background.add(work);
  };
  /** What reading and checking find damaged is mended, whatever becomes of the reader. */
  const watch = (nar: StoredNarRecord, error: unknown): void => {
    if (error instanceof AppError && /^(?:cache\.nar-corrupted|blobs\.missing)$/.test(error.code)) mend(nar);
  };
  const find: StoredNars['find'] = async (fileHash) => {
    const known = index.byFileHash(fileHash);
    if (known !== undefined || index.isHidden(fileHash)) return known;
    return database.storedNars.byFileHash(fileHash);
  };
  /** What has that content, also when another process has just made it; nothing that is damaged. */
  const ofContent = async (narHash: string): Promise<StoredNarRecord | undefined> => {
    const known = index.byNarHash(narHash) ?? (await database.storedNars.byNarHash(narHash));
    return known === undefined || index.isHidden(known.fileHash) ? undefined : known;
  };
  const make = (content: NarContent, open: OpenNar): Promise<StoredNarRecord> =>
    claims.hold(
      content.narHash,
      () => ofContent(content.narHash),
      () => makeAlone(content, open),
    );
  const makeAlone = async (content: NarContent, open: OpenNar): Promise<StoredNarRecord> => {
    const nar = await pack(content, open);
    const known = index.byNarHash(content.narHash);
    if (known !== undefined) {
      // Somebody sent the same meanwhile.
      if (narKey(known) !== narKey(nar)) await blobs.delete(narKey(nar));
      return known;
    }
    await lock(nar.fileHash, () => record(nar));
    counters.materialised += 1;
    return nar;
  };
  const read = async function* (
    nar: StoredNarRecord,
    range: BlobRange,
    abort: AbortSignal,
    reuse: boolean,
  ): AsyncGenerator<Uint8Array> {
    try {
      yield* readVerified(nar, range, { blobs, verifier, reuse, signal: AbortSignal.any([abort, signal]) });
    } catch (error) {
      watch(nar, error);
      throw error;
    }
  };
  const verify: StoredNars['verify'] = async (nar, { again = false, signal: abort } = {}) => {
    try {
      abort?.throwIfAborted();
      if (again || (await verifier.known(nar)) === undefined) await verifier.check(nar);
    } catch (error) {
      watch(nar, error);
      throw error;
    }
  };

  const unpack: StoredNars['unpack'] = async function* (nar, range, abort) {
    const whole = read(nar, { start: 0, end: nar.fileSize }, abort, false);
    let at = 0;
    let held: Uint8Array | undefined;
    for await (const chunk of decompress(whole, nar.compression, abort)) {
      const wanted = chunk.subarray(Math.max(0, range.start - at), Math.max(0, range.end - at));
      at += chunk.length;
      if (wanted.length > 0) {
        if (held !== undefined) yield held;
        held = wanted;
      }
      if (at >= range.end) break;
    }
    // What was read may be damaged behind the part that was wanted, and in it when that was not noticed.
    await verify(nar, { signal: abort });
    if (held !== undefined) yield held;
  };

  return {
    version: () => index.version,
    counters,
    byNarHash: (narHash) => index.byNarHash(narHash),
    byFileHash: (fileHash) => index.byFileHash(fileHash),
    find,
    materialise(content, open) {
      const known = index.byNarHash(content.narHash);
      if (known !== undefined) return Promise.resolve(known);
      const running = underWay.get(content.narHash);
      if (running !== undefined) return running;
      const making = make(content, open).finally(() => underWay.delete(content.narHash));
      underWay.set(content.narHash, making);
      return making;
    },
    async receive(file, { compression, fileHash, maxFileBytes, maxNarBytes, signal: abort }) {
      if (!isKnownCompression(compression)) throw refused(`the compression ${compression} is not known here`);
      const until = AbortSignal.any([abort, signal]);
      await using writer = await blobs.create(until);
      using session = threads.open({ kind: 'check', compression, maxNarBytes });
      let size = 0;
      let used = Promise.resolve();
      for await (const piece of file) {
        until.throwIfAborted();
        size += piece.length;
        if (size > maxFileBytes) throw refused(`the file has more than ${maxFileBytes} bytes`);
        await writer.write(piece);
        await used;
        used = session.push(piece);
      }
      await used;
      const found = await session.end();
      until.throwIfAborted();
      const actual = formatBareHash(parseHash(found.file.hash, 'sha256'), 'nix32');
      if (fileHash !== undefined && fileHash !== actual)
        throw refused(`the file should have sha256:${fileHash}, and has sha256:${actual}`);
      // Awaited here: the writer must not be disposed of before.
      return await lock(actual, async () => {
        const known = await find(actual);
        if (known !== undefined) {
          await database.storedNars.add(known, found.mentions);
          return { nar: known, isNew: false, buildIds: found.buildIds };
        }
        const at = now();
        const nar: StoredNarRecord = {
          fileHash: actual,
          fileSize: found.file.size,
          narHash: found.nar.hash,
          narSize: found.nar.size,
          compression,
          createdAt: at,
          verifiedAt: at,
        };
        await writer.commit(narKey(nar));
        await verifier.learn(nar);
        await record(nar, found.mentions);
        counters.received += 1;
        return { nar, isNew: true, buildIds: found.buildIds };
      });
    },
    read: (nar, range, abort) => read(nar, range, abort, true),
    unpack,
    async mentions(nar, abort) {
      const known = await database.storedNars.mentions(nar.fileHash);
      if (known !== undefined) return known;
      const search = findMentions();
      for await (const chunk of unpack(nar, { start: 0, end: nar.narSize }, abort)) search.push(chunk);
      return search.found();
    },
    verify,
    looksSound: (nar) => verifier.knownNow(nar),
    repair,
    fileOf: (nar) => blobs.fileOf(narKey(nar)),
    remove: (fileHash) =>
      lock(fileHash, async () => {
        const nar = index.byFileHash(fileHash) ?? (await database.storedNars.byFileHash(fileHash));
        if (nar === undefined || !(await database.storedNars.remove(fileHash))) return false;
        index.remove(fileHash);
        verifier.forget(fileHash);
        // Another process may have made and recorded it again meanwhile.
        if ((await database.storedNars.byFileHash(fileHash)) === undefined) await blobs.delete(narKey(nar));
        return true;
      }),
    async [Symbol.asyncDispose]() {
      closing.abort(new AppError('interrupted', 'the server is stopping'));
      await following[Symbol.asyncDispose]();
      if (options.threads === undefined) await threads[Symbol.asyncDispose]();
      await Promise.allSettled([...underWay.values(), ...background]);
    },
  };
}

function refused(why: string): AppError {
  return new AppError('cache.upload-refused', why);
}
