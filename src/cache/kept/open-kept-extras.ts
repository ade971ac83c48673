/**
 * Logs and realisations of caches (the contract is `kept-extras.ts`). Realisations are rows. A log goes through
 * `written` (no key), `durable` (under a key that nothing else ever has) and `recorded`, and back the other way round: so
 * whenever the process is killed, what is recorded is there, and what is there and not recorded is removed by scrubbing.
 */

import { createHash, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { zstdCompress } from 'node:zlib';
import type { BlobStore } from '../../blobs/blob-store.ts';
import type { CacheExtraRecord } from '../../db/cache-records.ts';
import type { Database } from '../../db/database.ts';
import { storeDir, storePathHash } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import type { KeptExtras } from './kept-extras.ts';
import { readRealisation, realisationHash, writeRealisation } from './kept-realisation.ts';
import { readKeptLog } from './read-kept-log.ts';

export interface KeptExtrasDeps {
  /** Stays open. */
  readonly blobs: BlobStore;
  /** Stays open. */
  readonly database: Pick<Database, 'cacheExtras'>;
  readonly now: () => number;
}

/** Where logs are among the blobs. */
export const logPrefix = 'log/';
const compress = promisify(zstdCompress);

export function openKeptExtras({ blobs, database, now }: KeptExtrasDeps): KeptExtras {
  const { cacheExtras } = database;

  const record = async (extra: Omit<CacheExtraRecord, 'id'>): Promise<boolean> => {
    const { isNew, replaced } = await cacheExtras.add(extra);
    if (replaced !== null) await blobs.delete(replaced);
    return isNew;
  };

  return {
    async putLog(cacheId, name, log, signal) {
      const hash = createHash('sha256').update(log).digest('hex');
      const there = await cacheExtras.find(cacheId, 'log', name);
      if (there?.hash === hash) return;
      if (there !== undefined) throw new AppError('cache.conflict', `the cache has another log of ${name}`);
      const packed = await compress(log);
      const random = randomBytes(16).toString('hex');
      const file = `${logPrefix}${random.slice(0, 2)}/${random}.zst`;
      await using writer = await blobs.create(signal);
      await writer.write(packed);
      const extra = {
        ...{ cacheId, kind: 'log' as const, name, owner: `${storeDir}/${name}`, content: null, file, hash },
        ...{ size: log.length, fileSize: packed.length, addedAt: now() },
      };
      await writer.commit(file);
      let isNew = false;
      try {
        isNew = await record(extra);
      } finally {
        // A database that went away in the middle may have recorded it nevertheless.
        if (!isNew && !(await cacheExtras.hasFile(file))) await blobs.delete(file);
      }
    },
    async putRealisation(cacheId, kind, name, realisation) {
      for (const [dependency, path] of realisation.dependencies) {
        const there = await cacheExtras.find(cacheId, kind, dependency);
        if (there === null || there === undefined || there.content === null) continue;
        const known = readRealisation(there.content).path;
        if (known !== path) {
          throw new AppError(
            'cache.conflict',
            `${name} was made with ${dependency} as ${path}, which is ${known} in this cache`,
          );
        }
      }
      const content = writeRealisation(realisation);
      const size = Buffer.byteLength(content);
      await record({
        ...{ cacheId, kind, name, owner: storePathHash(realisation.path), content, file: null },
        ...{ hash: realisationHash(realisation), size, fileSize: size, addedAt: now() },
      });
    },
    async log(cacheId, name) {
      const found = await cacheExtras.find(cacheId, 'log', name);
      if (found?.file === undefined || found.file === null) return undefined;
      const { size, hash } = found;
      return { size, hash, read: (signal) => readKeptLog(found, blobs, signal) };
    },
    async realisation(cacheId, kind, name) {
      const found = await cacheExtras.find(cacheId, kind, name);
      return found?.content === undefined || found.content === null
        ? undefined
        : readRealisation(found.content);
    },
    withBuildId: (cacheId, buildId) => cacheExtras.withBuildId(cacheId, buildId),
    async sweep(before, signal) {
      const all: CacheExtraRecord[] = [];
      for (;;) {
        signal?.throwIfAborted();
        const gone = await cacheExtras.removeUnowned(before);
        if (gone.length === 0) break;
        for (const { file } of gone) if (file !== null) await blobs.delete(file);
        all.push(...gone);
      }
      await cacheExtras.forgetBuildIds();
      return all;
    },
    unowned: (before, isGone) => cacheExtras.unowned(before, isGone),
  };
}
