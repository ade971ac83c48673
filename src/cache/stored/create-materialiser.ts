/**
 * Makes files of the NARs of paths in the background, and keeps the paths in a cache from then on, so that they outlive the
 * store's garbage collector: what was built, with all that it refers to, before what clients merely asked for.
 *
 * Each path that is wanted goes through `waiting`, `read` (its closure is known, and a temporary root keeps it), and file by
 * file, what is referred to first, into the cache; so at every moment, also after a kill, the cache has what its paths
 * refer to. A NAR that cannot be made (the store is damaged there) leaves out what refers to it, and nothing else. While
 * there is no space, or the database is away, it waits and tries again; that is told once, until something succeeds.
 */

import type { CachePathRepository } from '../../db/cache-database.ts';
import type { CachePathRecord } from '../../db/cache-records.ts';
import { type StorePath, storePathHash } from '../../nix/store-path.ts';
import { readClosure } from '../../store/read-closure.ts';
import { referencesFirst } from '../../store/references-first.ts';
import type { PathInfo } from '../../store/store.ts';
import type { StoreDatabase } from '../../store/store-database.ts';
import { AppError } from '../../util/app-error.ts';
import { createLimiter } from '../../util/create-limiter.ts';
import { errorMessage } from '../../util/error-message.ts';
import { pause } from '../../util/pause.ts';
import type { TempRootKeeper } from '../create-temp-root-keeper.ts';
import type { StoredNars } from './stored-nars.ts';

export interface MaterialiserDeps {
  readonly nars: Pick<StoredNars, 'materialise'>;
  readonly cacheId: number;
  readonly paths: Pick<CachePathRepository, 'getMany' | 'add'>;
  readonly storeDatabase: Pick<StoreDatabase, 'lookupPath'>;
  readonly roots: TempRootKeeper;
  readonly dump: (info: PathInfo) => AsyncIterable<Uint8Array>;
  /** There is a file of its NAR now; it is not in the cache yet. */
  readonly onStored?: (info: PathInfo) => Promise<void>;
  /** These are in the cache now. */
  readonly onAdded: (hashParts: readonly string[]) => void;
  readonly onFault: (message: string, error: unknown) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** NARs at a time; each of them already keeps several threads busy. Default 2. */
  readonly atOnce?: number;
  /** How long it waits before it tries again. Default half a minute. */
  readonly retryMs?: number;
}

export interface Materialiser extends AsyncDisposable {
  /** `built` goes before `asked`; what is wanted already is not wanted twice. */
  want(paths: Iterable<StorePath>, why: 'built' | 'asked'): void;
  /** Does so at once, and resolves when they are in the cache. Throws `store.path-missing`. */
  keep(paths: readonly StorePath[], until: AbortSignal): Promise<void>;
  /** Resolves when nothing is waiting or under way. */
  idle(): Promise<void>;
  readonly waiting: number;
}

/** Paths that become part of the cache in one transaction. */
const batchSize = 100;
/** Paths that clients asked for; more are forgotten, for they will be asked for again. */
const maxAsked = 10_000;

export function createMaterialiser(deps: MaterialiserDeps): Materialiser {
  const { nars, cacheId, paths, storeDatabase, roots, onFault, now, retryMs = 30_000 } = deps;
  const closing = new AbortController();
  const { signal } = closing;
  const limit = createLimiter(deps.atOnce ?? 2);
  const built = new Set<StorePath>();
  const asked = new Set<StorePath>();
  let running: Promise<void> | undefined;

  const record = (info: PathInfo, fileHash: string): CachePathRecord => ({
    cacheId,
    hashPart: storePathHash(info.path),
    path: info.path,
    narHash: info.narHash,
    narSize: info.narSize,
    references: info.references,
    deriver: info.deriver ?? null,
    ca: info.contentAddress === '' ? null : info.contentAddress,
    signatures: info.signatures,
    fileHash,
    addedAt: now(),
    servedAt: now(),
  });

  const take = async (root: StorePath): Promise<void> => {
    await using _root = await roots.keep(root);
    const closure = referencesFirst(await readClosure(storeDatabase, [root]));
    const kept = await paths.getMany(
      cacheId,
      closure.map(({ path }) => storePathHash(path)),
    );
    const missing = closure.filter(({ path }) => !kept.has(storePathHash(path)));
    const files = missing.map((info) =>
      limit(async () => {
        signal.throwIfAborted();
        const { fileHash } = await nars.materialise(info, () => deps.dump(info));
        await deps.onStored?.(info);
        return record(info, fileHash);
      }),
    );
    // Told when its turn comes; one that fails must not end the others.
    for (const file of files) file.catch(() => {});
    const failed = new Set<StorePath>();
    let batch: CachePathRecord[] = [];
    const flush = async (): Promise<void> => {
      if (batch.length > 0) await paths.add(cacheId, batch);
      deps.onAdded(batch.map(({ hashPart }) => hashPart));
      batch = [];
    };
    for (const [at, info] of missing.entries()) {
      try {
        const file = await files[at];
        if (file === undefined || info.references.some((reference) => failed.has(reference))) {
          failed.add(info.path);
          continue;
        }
        batch.push(file);
      } catch (error) {
        if (signal.aborted || mayPass(error)) throw error;
        failed.add(info.path);
        onFault(`${info.path} cannot be stored: ${errorMessage(error)}`, error);
      }
      if (batch.length >= batchSize) await flush();
    }
    await flush();
  };

  const work = async (): Promise<void> => {
    /** What is in the way of everything, as it was told. */
    let told: string | undefined;
    for (;;) {
      const queue = built.size > 0 ? built : asked;
      const [root] = queue;
      if (root === undefined || signal.aborted) return;
      try {
        await take(root);
        told = undefined;
      } catch (error) {
        if (signal.aborted) return;
        // It was collected before its turn came.
        const isGone = error instanceof AppError && error.code === 'store.path-missing';
        const obstacle = mayPass(error) ? error.code : undefined;
        if (!isGone && (obstacle === undefined || obstacle !== told))
          onFault(
            `${root} cannot be stored${obstacle === undefined ? '' : ' yet'}: ${errorMessage(error)}`,
            error,
          );
        if (obstacle !== undefined) {
          told = obstacle;
          await pause(retryMs, signal).catch(() => {});
          continue;
        }
      }
      queue.delete(root);
    }
  };
  const start = (): void => {
    running ??= work().finally(() => {
      running = undefined;
    });
  };

  return {
    want(wanted, why) {
      if (signal.aborted) return;
      for (const path of wanted) {
        if (why === 'built') {
          built.add(path);
          asked.delete(path);
        } else if (!built.has(path) && asked.size < maxAsked) asked.add(path);
      }
      start();
    },
    async keep(wanted, until) {
      for (const path of wanted) {
        until.throwIfAborted();
        await take(path);
      }
    },
    async idle() {
      while (running !== undefined) await running;
    },
    get waiting() {
      return built.size + asked.size;
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new AppError('interrupted', 'the server is stopping'));
      await running;
    },
  };
}

/** What may be otherwise in a while. */
function mayPass(error: unknown): error is AppError {
  return (
    error instanceof AppError &&
    /^(?:blobs\.(?:full|unreachable)|db\.unreachable|store\.unreachable)$/.test(error.code)
  );
}
