/**
 * The queue of builds: every unfinished build of the database is in the scheduler's hands, and what becomes of it is
 * written down. The life of a build here:
 *
 * - *taken*: given to the scheduler under its id. All unfinished ones are taken at start; later ones as evaluations and
 *   people queue them. One whose derivation changed meanwhile is taken anew.
 * - *ended* by the scheduler: when well, its outputs are published and read (`end-of-build.ts`) and the row is finished;
 *   when not, the row says why.
 * - *faulted*: nothing is known about it, because something of ours broke (the local store, the cache). It is tried
 *   again once the store answers, a few times; then it is aborted.
 * - *left*: cancelled, deleted, or the server stops; what the scheduler says of it then no longer matters.
 *
 * Killed at any moment, the server loses nothing: a build that is not finished in the database is taken again, and
 * what of it is in the store already is not built again.
 */

import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { BuildTicket, Scheduler, StepAttempt } from '../../build/scheduler.ts';
import { buildStatus } from '../../db/build-status.ts';
import type { BuildEnd, Database, QueuedBuild } from '../../db/database.ts';
import type { BuildRecord } from '../../db/records.ts';
import type { ServerEvent } from '../../events/event.ts';
import { isStorePath } from '../../nix/store-path.ts';
import type { Store } from '../../store/store.ts';
import { AppError } from '../../util/app-error.ts';
import { createLimiter } from '../../util/create-limiter.ts';
import { errorMessage } from '../../util/error-message.ts';
import { pause } from '../../util/pause.ts';
import type { readBuildProducts } from '../products/read-build-products.ts';
import { endOfFailure, endOfSuccess } from './end-of-build.ts';
import type { PublishOutputs } from './publish-outputs.ts';

export interface BuildLoopDeps {
  /** A patient one. */
  readonly database: Pick<Database, 'builds'>;
  readonly scheduler: Pick<Scheduler, 'enqueue'>;
  readonly store: Pick<Store, 'queryValidPaths'>;
  readonly publish: PublishOutputs;
  readonly readProducts: typeof readBuildProducts;
  readonly emit: (event: ServerEvent) => void;
  readonly onFinished: (jobsetId: number) => void;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** How long after a fault a build is tried again, doubled each time. Default 200 milliseconds. */
  readonly pauseMs?: number;
}

export interface BuildLoop {
  /** Takes every unfinished build of the database; resolves when all are taken. */
  takeAll(): Promise<void>;
  /** Takes those of them that are unfinished. */
  take(ids: readonly number[]): Promise<void>;
  /** Lets go of these, which are finished or gone in the database. */
  leave(ids: readonly number[]): void;
  /** The same for all builds of a jobset. */
  leaveJobset(jobsetId: number): void;
  /** An attempt at a step begins. */
  attempted(attempt: Pick<StepAttempt, 'owner' | 'drvPath' | 'startedAt'>): void;
  /** Resolves when nothing is under way any more; for after the signal fired. */
  idle(): Promise<void>;
}

interface Taken {
  readonly build: QueuedBuild;
  readonly left: AbortController;
  /** When the first step ran for it, in this run of the server. */
  startedAt: number | undefined;
}

type Ended = Omit<BuildEnd, 'startedAt' | 'stoppedAt'>;

/** Builds that are published and written down at the same time. */
const finishingAtOnce = 8;
const maxFaults = 5;
const longestPauseMs = 10_000;
/** Builds that are taken before others get their turn. */
const takenAtOnce = 2000;

export function createBuildLoop(deps: BuildLoopDeps): BuildLoop {
  const { database, scheduler, store, emit, onFinished, now, signal, pauseMs = 200 } = deps;
  const { builds } = database;
  const taken = new Map<number, Taken>();
  /** By derivation, as a step that runs for one build is the work of all that want it. */
  const sharing = new Map<string, Set<Taken>>();
  const tasks = new Set<Promise<void>>();
  const finishing = createLimiter(finishingAtOnce);
  /** Those left while `takeAll` reads, which may still come to them. */
  let leftMeanwhile: Set<number> | undefined;

  const takeOne = (build: QueuedBuild): void => {
    const known = taken.get(build.id);
    if (known?.build.drvPath === build.drvPath || leftMeanwhile?.has(build.id) === true) return;
    if (known !== undefined) leave(known);
    const entry: Taken = { build, left: new AbortController(), startedAt: undefined };
    taken.set(build.id, entry);
    sharing.set(build.drvPath, (sharing.get(build.drvPath) ?? new Set()).add(entry));
    const task = drive(entry)
      .catch((error: unknown) => {
        // Its row stays unfinished: the next start of the server takes it again.
        if (!hasLeft(entry)) tell('error', `build ${build.id} is stuck: ${errorMessage(error)}`);
      })
      .finally(() => {
        tasks.delete(task);
        leave(entry);
      });
    tasks.add(task);
  };

  const leave = (entry: Taken): void => {
    const { id, drvPath } = entry.build;
    if (taken.get(id) === entry) taken.delete(id);
    const same = sharing.get(drvPath);
    same?.delete(entry);
    if (same?.size === 0) sharing.delete(drvPath);
    entry.left.abort();
  };

  const hasLeft = (entry: Taken): boolean => signal.aborted || entry.left.signal.aborted;

  const tell = (level: 'warning' | 'error', text: string): void => emit({ type: 'message', level, text });

  const drive = async (entry: Taken): Promise<void> => {
    for (let faults = 1; !hasLeft(entry); faults++) {
      try {
        await tryOnce(entry);
        return;
      } catch (error) {
        if (hasLeft(entry)) return;
        const isGone = error instanceof AppError && error.code === 'build.derivation-missing';
        const { id } = entry.build;
        if (isGone || faults === maxFaults) {
          const message = errorMessage(error);
          const aborted = { status: buildStatus.aborted, isCached: false, errorMessage: message };
          await finish(entry, () => aborted);
          return;
        }
        tell('warning', `build ${id} is tried again: ${errorMessage(error)}`);
        await untilStoreAnswers(entry, pauseMs * 2 ** (faults - 1));
      }
    }
  };

  const tryOnce = async (entry: Taken): Promise<void> => {
    const { drvPath } = entry.build;
    if (!isStorePath(drvPath)) {
      throw new AppError(
        'build.derivation-missing',
        `the derivation ${JSON.stringify(drvPath)} cannot be in a store`,
      );
    }
    const outcome = await scheduler.enqueue(drvPath, ticketOf(entry));
    if (hasLeft(entry)) return;
    await finishing(async () => {
      await finish(entry, (row) =>
        outcome.ok ? endOfSuccess(row, outcome, deps) : endOfFailure(row, outcome),
      );
    });
  };

  /** `end` says how, and does what has to be done before that may be said. */
  const finish = async (entry: Taken, end: (row: BuildRecord) => Ended | Promise<Ended>): Promise<void> => {
    const { id, jobsetId } = entry.build;
    const row = await builds.get(id);
    if (row === undefined) return;
    const ended = await end(row);
    if (hasLeft(entry)) return;
    const stoppedAt = now();
    // A step may have begun since the row was read.
    const startedAt = row.startedAt ?? entry.startedAt;
    const isFirst = await builds.finish(id, {
      ...ended,
      startedAt: startedAt ?? stoppedAt,
      stoppedAt,
      isCached: ended.isCached && startedAt === undefined,
    });
    // At once: somebody may restart it from here on.
    leave(entry);
    if (!isFirst) return;
    const { project, jobset, job } = row;
    emit({ type: 'ci.build.finished', build: id, project, jobset, job, status: ended.status });
    onFinished(jobsetId);
  };

  /** What the store answers does not matter, only that it does. */
  const untilStoreAnswers = async (entry: Taken, firstMs: number): Promise<void> => {
    const waiting = AbortSignal.any([signal, entry.left.signal]);
    for (let ms = firstMs; !waiting.aborted; ms = Math.min(ms * 2, longestPauseMs)) {
      await pause(ms, waiting).catch(() => {});
      const answers = await store.queryValidPaths([], { signal: waiting }).then(
        () => true,
        () => false,
      );
      if (answers) return;
    }
  };

  const markStarted = async (entry: Taken, at: number): Promise<void> => {
    const { id } = entry.build;
    await builds.markStarted(id, at);
    const row = await builds.get(id);
    if (row === undefined) return;
    const { project, jobset, job } = row;
    emit({ type: 'ci.build.started', build: id, project, jobset, job });
  };

  return {
    async takeAll() {
      leftMeanwhile = new Set();
      let all: readonly QueuedBuild[];
      for (;;) {
        try {
          all = await Array.fromAsync(builds.queued());
          break;
        } catch (error) {
          if (signal.aborted || !(error instanceof AppError) || error.code !== 'db.unreachable') throw error;
          await pause(pauseMs, signal);
        }
      }
      // All are read first: what is there already is told after all have been looked at, and would be in the way.
      for (const [index, build] of all.entries()) {
        takeOne(build);
        if (index % takenAtOnce === 0) await yieldToOthers();
      }
      leftMeanwhile = undefined;
    },
    async take(ids) {
      for (const build of await builds.queuedOf(ids)) {
        leftMeanwhile?.delete(build.id);
        takeOne(build);
      }
    },
    leave(ids) {
      for (const id of ids) {
        leftMeanwhile?.add(id);
        const entry = taken.get(id);
        if (entry !== undefined) leave(entry);
      }
    },
    leaveJobset(jobsetId) {
      for (const entry of [...taken.values()]) if (entry.build.jobsetId === jobsetId) leave(entry);
    },
    attempted({ owner, drvPath, startedAt }) {
      const entries = new Set(sharing.get(drvPath));
      const owning = taken.get(owner);
      if (owning !== undefined) entries.add(owning);
      for (const entry of entries) {
        if (entry.startedAt !== undefined) continue;
        entry.startedAt = startedAt;
        const task = markStarted(entry, startedAt)
          .catch((error: unknown) =>
            tell('error', `build ${entry.build.id} is not marked started: ${errorMessage(error)}`),
          )
          .finally(() => tasks.delete(task));
        tasks.add(task);
      }
    },
    async idle() {
      while (tasks.size > 0) await Promise.all(tasks);
    },
  };
}

function ticketOf({ build, left }: Taken): BuildTicket {
  const { id, jobsetId, priority, globalPriority, timeout, maxSilent } = build;
  return {
    id,
    share: jobsetId,
    priority,
    globalPriority,
    ...(timeout === null ? {} : { timeoutSeconds: timeout }),
    ...(maxSilent === null ? {} : { maxSilentSeconds: maxSilent }),
    signal: left.signal,
  };
}
