/**
 * Lets go what caches need not keep, in an order in which nothing is ever missing:
 *
 *     paths, referrers before what they refer to ──> files that no path has, an hour later ──> their rows, then they
 *                                                └─> logs and realisations that belonged to them
 *
 * Each step is a transaction that looks again whether it may: a path that was added again, served or pinned since the
 * decision stays, and so does what it refers to. Killed in between, a cache lacks some paths that had to go, and the
 * next run does the rest; no path is ever without its references or its file.
 *
 * A file waits an hour after its last path went: a client that was just told of it may still be fetching it. Since when
 * is remembered in memory only: after a restart the hour begins anew.
 */

import type { CacheExtraRecord, CacheRecord } from '../../db/cache-records.ts';
import type { Database } from '../../db/database.ts';
import { storeDir } from '../../nix/store-path.ts';
import type { KeptExtras } from '../kept/kept-extras.ts';
import type {
  CacheRetention,
  CacheRetentionPlan,
  RemovedExtra,
  RemovedFile,
  RemovedPath,
} from './cache-retention.ts';
import { createPathGraph, type GraphPath, type Swept } from './create-path-graph.ts';

export interface CacheRetentionDeps {
  readonly database: Pick<Database, 'caches' | 'cachePaths' | 'storedNars'>;
  /** Paths that are to be kept in every cache that has them, such as what the continuous loop keeps. */
  readonly wanted: () => AsyncIterable<string>;
  /** The NAR hashes (base 16) of what the live store has: files of those serve it. */
  readonly liveContents: () => AsyncIterable<string>;
  /** What clients have put beside the paths. */
  readonly kept: Pick<KeptExtras, 'sweep' | 'unowned'>;
  /** Row, then file; false while a path of any cache has it. */
  readonly removeFile: (fileHash: string) => Promise<boolean>;
  /** Writes down which paths clients were told of until now. */
  readonly flushServed?: () => Promise<void>;
  /** How long what was added or served is kept; clients remember what they were told for 30 days. */
  readonly graceMs: number;
  readonly now: () => number;
}

/** How long a file waits after its last path went. */
export const fileWaitMs = 3_600_000;
/** Paths that go in one transaction. */
const atOnce = 500;

interface Decision {
  readonly at: number;
  readonly caches: readonly { readonly cache: CacheRecord; readonly swept: Swept }[];
  readonly files: readonly RemovedFile[];
}

export function createCacheRetention(deps: CacheRetentionDeps): CacheRetention {
  const { database, graceMs, now } = deps;
  /** By file hash: when it was first seen that no path has it. */
  const unusedSince = new Map<string, number>();
  let working: Promise<unknown> = Promise.resolve();

  const sweepCache = async (
    cache: CacheRecord,
    wanted: ReadonlySet<string>,
    at: number,
    signal: AbortSignal | undefined,
  ): Promise<Swept> => {
    const graph = createPathGraph();
    for await (const path of database.cachePaths.all(cache.id)) {
      signal?.throwIfAborted();
      const { hashPart, narSize, fileHash, addedAt, servedAt } = path;
      const references = path.references.map(hashPartOf);
      const lastUsedAt = Math.max(addedAt, servedAt);
      graph.add({ hashPart, path: path.path, narSize, fileHash, references, lastUsedAt });
    }
    // After the paths: a pin that is made meanwhile counts.
    const pins = await database.caches.pins(cache.id);
    const pinned = new Set(
      pins.filter(({ expiresAt }) => expiresAt === null || expiresAt > at).map(({ path }) => path),
    );
    return graph.sweep(
      ({ path, lastUsedAt }) => lastUsedAt >= at - graceMs || pinned.has(path) || wanted.has(path),
    );
  };

  const decide = async (signal: AbortSignal | undefined): Promise<Decision> => {
    const at = now();
    const wanted = new Set<string>();
    for await (const path of deps.wanted()) wanted.add(path);
    const caches: { readonly cache: CacheRecord; readonly swept: Swept }[] = [];
    for (const cache of await database.caches.list()) {
      caches.push({ cache, swept: await sweepCache(cache, wanted, at, signal) });
    }
    return { at, caches, files: await unusedFiles(caches, at, signal) };
  };

  /** What would belong to no path when those have gone. */
  const unownedExtras = async (
    { at, caches }: Decision,
    signal: AbortSignal | undefined,
  ): Promise<readonly RemovedExtra[]> => {
    const gone = new Map(
      caches.map(({ cache, swept }) => [cache.id, new Set(swept.gone.map(({ hashPart }) => hashPart))]),
    );
    const extras: CacheExtraRecord[] = [];
    const isGone = (cacheId: number, hashPart: string): boolean => gone.get(cacheId)?.has(hashPart) === true;
    for await (const extra of deps.kept.unowned(at - graceMs, isGone)) {
      signal?.throwIfAborted();
      extras.push(extra);
    }
    return removedExtras(caches, extras);
  };

  /** Files that no path has that stays. */
  const unusedFiles = async (
    caches: Decision['caches'],
    at: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly RemovedFile[]> => {
    const used = new Set(caches.flatMap(({ swept }) => swept.kept.map(({ fileHash }) => fileHash)));
    const losing = new Set(caches.flatMap(({ swept }) => swept.gone.map(({ fileHash }) => fileHash)));
    const live = new Set<string>();
    for await (const narHash of deps.liveContents()) live.add(narHash);
    const files: RemovedFile[] = [];
    for await (const { fileHash, fileSize, narHash, createdAt } of database.storedNars.all()) {
      signal?.throwIfAborted();
      const isOld = createdAt < at - graceMs;
      if (used.has(fileHash) || live.has(narHash) || !isOld) {
        unusedSince.delete(fileHash);
        continue;
      }
      const since = losing.has(fileHash) ? at : (unusedSince.get(fileHash) ?? at);
      const mayGoAt = since + fileWaitMs;
      files.push({ fileHash, fileSize, notBefore: mayGoAt <= at ? null : mayGoAt });
    }
    return files;
  };

  const plan = async (signal: AbortSignal | undefined): Promise<CacheRetentionPlan> => {
    const decision = await decide(signal);
    const { at, caches, files } = decision;
    return {
      at,
      keptPaths: caches.reduce((sum, { swept }) => sum + swept.kept.length, 0),
      paths: caches.flatMap(({ cache, swept }) => swept.gone.map((path) => removedPath(cache, path))),
      files,
      extras: await unownedExtras(decision, signal),
    };
  };

  const removePaths = async (
    cache: CacheRecord,
    { gone, together }: Swept,
    at: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly RemovedPath[]> => {
    const removed: RemovedPath[] = [];
    const single = gone.length - together;
    for (let from = 0; from < gone.length; ) {
      signal?.throwIfAborted();
      await deps.flushServed?.();
      const to = from < single ? Math.min(from + atOnce, single) : gone.length;
      const batch = gone.slice(from, to);
      const went = new Set(
        await database.cachePaths.remove(
          cache.id,
          batch.map(({ hashPart }) => hashPart),
          at - graceMs,
        ),
      );
      for (const path of batch) if (went.has(path.hashPart)) removed.push(removedPath(cache, path));
      from = to;
    }
    return removed;
  };

  const run = async (signal: AbortSignal | undefined): Promise<CacheRetentionPlan> => {
    await deps.flushServed?.();
    const decision = await decide(signal);
    const { at, caches } = decision;
    const paths: RemovedPath[] = [];
    for (const { cache, swept } of caches) paths.push(...(await removePaths(cache, swept, at, signal)));
    // What belonged to those paths is as old as they were.
    const extras = removedExtras(caches, await deps.kept.sweep(at - graceMs, signal));
    const files: RemovedFile[] = [];
    for (const file of decision.files) {
      signal?.throwIfAborted();
      const { fileHash, notBefore } = file;
      if (notBefore !== null) {
        if (!unusedSince.has(fileHash)) unusedSince.set(fileHash, at);
        files.push(file);
        continue;
      }
      if (await deps.removeFile(fileHash)) files.push(file);
      unusedSince.delete(fileHash);
    }
    const all = caches.reduce((sum, { swept }) => sum + swept.kept.length + swept.gone.length, 0);
    return { at, keptPaths: all - paths.length, paths, files, extras };
  };

  return {
    plan,
    apply(signal) {
      // One after another: two would only get in each other's way.
      const result = working.then(() => run(signal));
      working = result.catch(() => {});
      return result;
    },
  };
}

function hashPartOf(path: string): string {
  const start = storeDir.length + 1;
  return path.slice(start, start + 32);
}

/** In one order, whoever found them. */
function removedExtras(
  caches: Decision['caches'],
  extras: readonly CacheExtraRecord[],
): readonly RemovedExtra[] {
  const names = new Map(caches.map(({ cache }) => [cache.id, cache.name]));
  const key = ({ cache, kind, name }: RemovedExtra): string => `${cache ?? ''} ${kind} ${name}`;
  return extras
    .map(({ cacheId, kind, name, fileSize }) => ({
      ...{ cache: names.get(cacheId) ?? null, kind, name, bytes: fileSize },
    }))
    .toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

function removedPath({ name }: CacheRecord, { path, narSize, lastUsedAt }: GraphPath): RemovedPath {
  const day = new Date(lastUsedAt).toISOString().slice(0, 10);
  const why = `nothing keeps it, and it was last added or served on ${day}`;
  return { cache: name, path, narSize, lastUsedAt, why };
}
