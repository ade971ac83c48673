/**
 * Uploads what becomes valid in the local store, as it does. The store's database numbers what is registered, so the
 * number of the last path that was uploaded is all that has to be kept to go on after a restart.
 *
 * Each look asks only whether the database has changed. New paths are taken in portions; a portion is done when the cache
 * has all of it, and then its last number is kept. What went away meanwhile is left out. While the cache cannot be
 * reached it is tried again, ever more slowly; when it refuses, watching ends.
 */

import { isDerivationPath, type StorePath } from '../../nix/store-path.ts';
import { readClosure } from '../../store/read-closure.ts';
import { referencesFirst } from '../../store/references-first.ts';
import type { PathInfo } from '../../store/store.ts';
import type { NumberedPath, StoreDatabase } from '../../store/store-database.ts';
import { AppError } from '../../util/app-error.ts';
import type { PushResult } from './push-paths.ts';

export interface WatchStoreDeps {
  readonly database: Pick<StoreDatabase, 'dataVersion' | 'newestId' | 'pathsAfter' | 'lookupPath'>;
  /** Uploads a closure, what is referred to first. */
  readonly push: (infos: readonly PathInfo[]) => Promise<PushResult>;
  /** The number of the last path that was uploaded, of an earlier run too. */
  readonly position: { read(): Promise<number | undefined>; write(id: number): Promise<void> };
  /** Begin with everything that is there, when there was no earlier run. */
  readonly fromTheStart: boolean;
  /** End when all is uploaded. */
  readonly once: boolean;
  readonly wait: (ms: number) => Promise<void>;
  readonly onResult: (result: PushResult) => void;
  /** Told when the cache cannot be reached, and will be tried again. */
  readonly onAway: (error: AppError) => void;
  readonly signal: AbortSignal;
}

const portion = 500;
const lookEveryMs = 1000;
const longestWaitMs = 60_000;

/** Throws what the cache refuses, and what the database throws; `interrupted` when the signal fires. */
export async function watchStore(deps: WatchStoreDeps): Promise<void> {
  const { database, position, signal } = deps;
  let last = await position.read();
  if (last === undefined) {
    last = deps.fromTheStart ? 0 : database.newestId();
    await position.write(last);
  }
  for (let seen = Number.NaN; !signal.aborted; ) {
    const version = database.dataVersion();
    if (version !== seen) {
      last = await catchUp(deps, last);
      seen = version;
    }
    if (deps.once) return;
    await deps.wait(lookEveryMs);
  }
  throw new AppError('interrupted', 'interrupted: watching the store');
}

async function catchUp(deps: WatchStoreDeps, from: number): Promise<number> {
  const { database, position } = deps;
  // A database that counts from the beginning again was replaced; what the cache has is not sent again.
  let last = database.newestId() < from ? 0 : from;
  for (;;) {
    deps.signal.throwIfAborted();
    const found = database.pathsAfter(last, portion);
    const newest = found.at(-1)?.id;
    if (newest === undefined) return last;
    await pushPatiently(deps, found);
    last = newest;
    await position.write(last);
  }
}

async function pushPatiently(deps: WatchStoreDeps, found: readonly NumberedPath[]): Promise<void> {
  for (let waitMs = lookEveryMs; ; waitMs = Math.min(2 * waitMs, longestWaitMs)) {
    try {
      const infos = await closureOf(deps, found);
      if (infos.length > 0) deps.onResult(await deps.push(infos));
      return;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      // Deleted while it was read: the next look leaves it out.
      if (error.code !== 'store.path-missing') {
        if (error.code !== 'server.unreachable') throw error;
        deps.onAway(error);
      }
    }
    await deps.wait(waitMs);
  }
}

/** Derivations go only where something that is built refers to them. */
async function closureOf(
  { database }: WatchStoreDeps,
  found: readonly NumberedPath[],
): Promise<readonly PathInfo[]> {
  const paths: StorePath[] = found.flatMap(({ info }) =>
    info === undefined || isDerivationPath(info.path) || database.lookupPath(info.path) === undefined
      ? []
      : [info.path],
  );
  return referencesFirst(await readClosure(database, paths));
}
