/**
 * Knows of files whether they are what their rows say. A file is read and hashed once, by a thread, and from then on only
 * looked at: while size, inode and the kernel's times of the last changes are the same, nobody can have changed it.
 */

import type { BlobStore } from '../../blobs/blob-store.ts';
import type { StoredNarRecord } from '../../db/cache-records.ts';
import { formatBareHash, parseHash } from '../../nix/hash.ts';
import { AppError } from '../../util/app-error.ts';
import type { NarThreads } from './create-nar-threads.ts';
import { narKey } from './nar-file.ts';
import type { Digest } from './nar-messages.ts';

export interface NarVerifier {
  /** The look of the file when it looks as it did when it was found right; costs one question to the file system. */
  known(nar: StoredNarRecord): Promise<string | undefined>;
  /** The same as a yes or no, where it needs no waiting; false says nothing. */
  knownNow(nar: StoredNarRecord): boolean;
  /**
   * Reads it, once for all who ask at the same time, and says the look that it has. Throws `cache.nar-corrupted`, and
   * `blobs.unreachable` when that cannot be found out.
   */
  check(nar: StoredNarRecord): Promise<string>;
  /** It was just made, and so is right as it is. */
  learn(nar: StoredNarRecord): Promise<void>;
  forget(fileHash: string): void;
}

export interface VerifierDeps {
  readonly blobs: BlobStore;
  readonly threads: NarThreads;
  readonly signal: AbortSignal;
}

/** It changes while it is read, which only happens when the same file is put there again. */
const attempts = 3;

export function createNarVerifier({ blobs, threads, signal }: VerifierDeps): NarVerifier {
  const looks = new Map<string, string>();
  const checks = new Map<string, Promise<string>>();

  const lookOf = async (nar: StoredNarRecord): Promise<string> => {
    const info = await blobs.stat(narKey(nar), signal);
    if (info === undefined) throw damaged(nar, 'it is gone');
    if (info.size !== nar.fileSize) throw damaged(nar, `it has ${info.size} bytes`);
    return info.look;
  };
  const digest = async (nar: StoredNarRecord): Promise<Digest> => {
    const file = blobs.fileOf(narKey(nar));
    if (file !== undefined) return threads.run({ kind: 'hash-file', file }, signal);
    using session = threads.open({ kind: 'hash' });
    for await (const piece of blobs.read(narKey(nar), { signal })) await session.push(piece);
    return await session.end();
  };
  const read = async (nar: StoredNarRecord): Promise<string> => {
    for (let left = attempts; ; left--) {
      const look = await lookOf(nar);
      const { hash, size } = await digest(nar).catch((error: unknown) => {
        if (error instanceof AppError && error.code === 'blobs.missing') throw damaged(nar, 'it is gone');
        throw error;
      });
      if ((await lookOf(nar)) !== look && left > 1) continue;
      const is = formatBareHash(parseHash(hash, 'sha256'), 'nix32');
      if (is !== nar.fileHash) throw damaged(nar, `it has ${size} bytes with sha256:${is}`);
      looks.set(nar.fileHash, look);
      return look;
    }
  };

  return {
    async known(nar) {
      const look = looks.get(nar.fileHash);
      return look !== undefined && (await lookOf(nar)) === look ? look : undefined;
    },
    knownNow(nar) {
      const look = looks.get(nar.fileHash);
      return look !== undefined && blobs.lookNow?.(narKey(nar)) === look;
    },
    check(nar) {
      const running = checks.get(nar.fileHash);
      if (running !== undefined) return running;
      const check = read(nar).finally(() => checks.delete(nar.fileHash));
      checks.set(nar.fileHash, check);
      return check;
    },
    async learn(nar) {
      looks.set(nar.fileHash, await lookOf(nar));
    },
    forget(fileHash) {
      looks.delete(fileHash);
    },
  };
}

function damaged(nar: StoredNarRecord, what: string): AppError {
  return new AppError(
    'cache.nar-corrupted',
    `the file ${narKey(nar)} should have ${nar.fileSize} bytes with sha256:${nar.fileHash}; ${what}`,
    {
      hint: 'It is made anew from the store where the path is still there; else the cache gives the path up.',
    },
  );
}
