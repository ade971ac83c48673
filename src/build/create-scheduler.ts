/**
 * The scheduler: from derivations to valid outputs, on all builders at once. The life of things in it:
 *
 * A *request* (one call of `build` or `enqueue`) is **queued** until its turn to be planned comes (`plan-requests.ts`);
 * many that are valid already are found by the hundred and settled there and then. It is being **planned** while
 * it is found out what is missing: what substituters have is fetched, the rest becomes *steps* (`plan-build.ts`); when
 * one of them is known to fail, so does the request. Then it is **planned**: its steps are in the graph
 * (`step-graph.ts`), shared with all other requests. It is **settled** when its own step is done, as soon as anything it
 * needs has failed, or when it is cancelled; what only it wanted is dropped then, and after a cancellation ended, if it
 * runs already. Its outcome is told once all is written down that had happened by then.
 *
 * A *step* that waits for nothing is handed to a builder in the order of `ready-steps.ts`, as an *attempt*
 * (`attempts.ts`). That ends
 * - well: the step is done, and what waited for it may go on;
 * - badly by the derivation's own fault: the step fails, with everything above it;
 * - by the builder's fault: the builder is avoided for a while and the step is put back for another attempt, elsewhere
 *   where that can be, until it has had too many;
 * - by a fault of our own store: the same, but in the end the requests that need it reject;
 * - because nobody wants it any more: nothing follows.
 * A step that none of the builders could ever take fails after a grace, in which builders may appear.
 *
 * Nothing is polled. Steps are handed out whenever something changes that could let one start: steps were added, an
 * attempt ended, the builders changed, or the time is over for which a builder was avoided.
 */

import type { StorePath } from '../nix/store-path.ts';
import { AppError } from '../util/app-error.ts';
import { errorMessage } from '../util/error-message.ts';
import { createSerialize } from '../util/serialize.ts';
import { asError } from './as-error.ts';
import { createAttemptRecords } from './attempt-records.ts';
import { createAttempts } from './attempts.ts';
import type { BuildOutcome } from './build-queue.ts';
import type { BuildRequest } from './build-request.ts';
import { type BuildStep, outputPaths } from './build-step.ts';
import { BuilderPool } from './builder-pool.ts';
import { builderStatus } from './builder-status.ts';
import { compressLog } from './compress-log.ts';
import { createDerivationReader } from './derivation-reader.ts';
import { createDispatcher } from './dispatcher.ts';
import { createEndSteps } from './end-steps.ts';
import { explainWait } from './explain-wait.ts';
import { knownOutputs } from './known-outputs.ts';
import { planRequest } from './plan-request.ts';
import { createPlanRequests } from './plan-requests.ts';
import { createReadySteps } from './ready-steps.ts';
import { createRequestBook } from './request-book.ts';
import { createRotatingLease } from './rotating-lease.ts';
import type { BuildTicket, Scheduler, SchedulerOptions } from './scheduler.ts';
import { createShareBook } from './share-book.ts';
import { createStepEnds } from './step-ends.ts';
import { createStepGraph } from './step-graph.ts';
import { createTally } from './tally.ts';
import { tooLarge } from './too-large.ts';
import { whyUnsupported } from './why-unsupported.ts';

/** Steps of one plan; with more of them the first attempt would wait for the roots of the last. */
const keptAheadAtMost = 1000;

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { store, emit } = options;
  const { now = Date.now, substitute = true, maxAttempts = 5, retryDelayMs = 5000 } = options;
  const { unsupportedAfterMs = 120_000, planConcurrency = 8, keepMs = 600_000, stallMs = 300_000 } = options;
  const closing = new AbortController();
  const signal =
    options.signal === undefined ? closing.signal : AbortSignal.any([options.signal, closing.signal]);
  const warn = (text: string): void => emit({ type: 'message', level: 'warning', text });
  const tasks = new Set<Promise<void>>();
  /** Runs to its end unawaited; disposing waits for it. */
  const spawn = (task: Promise<void>): void => {
    const tracked = task.finally(() => tasks.delete(tracked));
    tasks.add(tracked);
  };

  const oneLog = createSerialize();
  const reader = createDerivationReader();
  const lease = createRotatingLease(store, signal);
  const shares = createShareBook(now);
  const used = (share: number): number => shares.used(share);
  const ready = createReadySteps(used);
  const ends = createStepEnds();
  const tally = createTally(emit, now);
  const records = createAttemptRecords(options.recorder, (text) =>
    emit({ type: 'message', level: 'error', text }),
  );
  const pool = new BuilderPool(options.builders, {
    now,
    pauseMs: retryDelayMs,
    stallMs,
    signal,
    onBuilder: options.onBuilder ?? (() => {}),
  });
  const graph = createStepGraph({
    defaults: {
      timeoutSeconds: options.timeoutSeconds || Number.POSITIVE_INFINITY,
      maxSilentSeconds: options.maxSilentSeconds || Number.POSITIVE_INFINITY,
    },
    onRunnable: (node) => ready.put(node, attempts.lostOn(node)),
    onNotRunnable: (node) => ready.remove(node),
  });
  const book = createRequestBook({
    onCancel: (request) => cancel(request),
    written: () => records.written(),
  });
  const endSteps = createEndSteps({
    graph,
    ends,
    book,
    records,
    failures: options.failures,
    tally,
    emit,
    now,
    maxAttempts,
    signal,
  });
  const attempts = createAttempts({
    store,
    reader,
    substitute,
    emit,
    stallMs,
    outputLimitBytes: options.outputLimitBytes,
    maxLogBytes: options.maxLogBytes,
    logDirectory: options.logDirectory,
    onLogDone(file) {
      if (!(options.compressLogs ?? true)) return;
      const compressed = oneLog(() => compressLog(file, signal)).catch((error: unknown) => {
        if (!signal.aborted) warn(`cannot compress a log: ${errorMessage(error)}`);
      });
      spawn(compressed);
    },
    keep: (paths) => lease.add(paths),
    records,
    shares,
    now,
    signal,
    onEnd(end) {
      const { verdict, attempt } = end;
      const isLost = !verdict.ok && verdict.reason === 'builder-lost';
      const isOver = attempt.stopped || signal.aborted;
      pool.end(attempt.link, isOver ? 'undecided' : isLost ? { loss: verdict.message } : 'well');
      endSteps.attemptEnded(end);
      dispatch();
      tellIfIdle();
    },
  });
  const dispatch = createDispatcher({
    ready,
    pool,
    unsupportedAfterMs,
    now,
    signal,
    start(node, link) {
      graph.start(node);
      pool.begin(link);
      spawn(attempts.start(node, link));
    },
    fail(node) {
      const message = whyUnsupported(node.step, pool.builders);
      endSteps.refuse(node, { ok: false, reason: 'unsupported', message });
    },
  });

  const interrupted = (): AppError => new AppError('interrupted', 'the builds were interrupted');
  const settle = (request: BuildRequest, outcome: BuildOutcome | Error): void => {
    ends.unwatch(request);
    book.settle(request, outcome);
    tellIfIdle();
  };
  const tellIfIdle = (): void => {
    if (book.size === 0 && attempts.size === 0) tally.idle();
  };

  /** In one go what each attempt would do in a round trip of its own; where it fails, the attempts meet the same. */
  const keepAhead = (steps: readonly BuildStep[]): void => {
    if (steps.length > keptAheadAtMost) return;
    lease.add(steps.flatMap(outputPaths)).catch(() => {});
  };

  /** Tells the outputs of a request that needs nothing built. */
  const settleDone = async (request: BuildRequest): Promise<void> => {
    const [step] = await reader.steps([request.drvPath]);
    if (step === undefined) throw new TypeError(`${request.drvPath} was not read`);
    const outputs = await knownOutputs(step, store, signal);
    const infos = options.outputLimitBytes && (await store.queryPathInfos([...outputs.values()], { signal }));
    const exceeded = infos ? tooLarge(infos.values(), options.outputLimitBytes) : undefined;
    if (exceeded !== undefined) endSteps.known(request, step, exceeded);
    else settle(request, { ok: true, outputs, cached: true });
  };

  const planner = createPlanRequests({
    storeDatabase: options.storeDatabase,
    concurrency: planConcurrency,
    used,
    spawn,
    signal,
    async plan(request) {
      ends.watch(request);
      const { ticket } = request;
      const ended = ticket?.signal === undefined ? signal : AbortSignal.any([signal, ticket.signal]);
      try {
        const planned = await planRequest(request, ended, {
          store,
          reader,
          lease,
          database: options.storeDatabase,
          substitute,
          graph,
          ends,
          failures: options.failures,
          maxAttempts,
          retryDelayMs,
          onSubstitute: (paths) => emit({ type: 'build.planned', toBuild: 0, toSubstitute: paths }),
          onFailureFault: (error) => warn(`cannot ask what is known to fail: ${errorMessage(error)}`),
        });
        if (planned.type === 'valid') await settleDone(request);
        else if (planned.type === 'failed') settle(request, planned.end);
        else if (planned.type === 'known-failure') {
          const { step, message } = planned.failure;
          endSteps.known(request, step, { ok: false, reason: 'cached-failure', message });
        } else {
          const toBuild = planned.added.length;
          keepAhead(planned.added.map(({ step }) => step));
          if (toBuild > 0) emit({ type: 'build.planned', toBuild, toSubstitute: 0 });
          dispatch();
        }
      } catch (error) {
        settle(request, signal.aborted ? interrupted() : asError(error));
      }
      ends.unwatch(request);
      tellIfIdle();
    },
    async settleValid(found) {
      const paths = [...found.values()].flatMap((outputs) => [...outputs.values()]);
      let valid: ReadonlySet<StorePath> = new Set();
      try {
        await lease.add(paths);
        // What may be too large is looked at one by one.
        if (options.outputLimitBytes === undefined) valid = await store.queryValidPaths(paths, { signal });
      } catch {
        // Planning meets the same trouble, and tells it.
      }
      const left: BuildRequest[] = [];
      for (const [request, outputs] of found) {
        if (request.state === 'settled') continue;
        if (!outputs.values().every((path) => valid.has(path))) left.push(request);
        else settle(request, { ok: true, outputs, cached: true });
      }
      return left;
    },
  });

  const open = (drvPath: StorePath, ticket?: BuildTicket): Promise<BuildOutcome> => {
    if (signal.aborted) return Promise.reject(interrupted());
    const request = book.open(drvPath, ticket);
    tally.begin();
    if (ticket === undefined) ends.watch(request);
    if (ticket?.signal?.aborted) cancel(request);
    else planner.put(request);
    return request.outcome;
  };

  const cancel = (request: BuildRequest): void => {
    const { drvPath, state } = request;
    if (state === 'settled') return;
    planner.remove(request);
    settle(request, {
      ok: false,
      drvPath,
      reason: 'cancelled',
      message: 'it was cancelled',
      logTail: [],
      logFile: undefined,
    });
    const useless = graph.release(request);
    for (const node of useless.orphans) attempts.stop(node);
    endSteps.dropped(useless, 'not built: it was cancelled');
    dispatch();
  };

  /** What the graph still needs stays; what was kept for builds that are over is let go. */
  const letGo = async (): Promise<void> => {
    if (!lease.inUse) return;
    await lease.rotate(async () => {
      await planner.settled();
      return graph.nodes.flatMap(({ step, keeps }) => {
        return [step.drvPath, ...keeps, ...outputPaths(step)];
      });
    });
  };
  let lettingGo: Promise<unknown> | undefined;
  const timer =
    keepMs === Number.POSITIVE_INFINITY
      ? undefined
      : setInterval(() => {
          lettingGo ??= Promise.all([letGo(), pool.letGo()])
            .catch((error: unknown) =>
              warn(`cannot let go of what is not needed any more: ${errorMessage(error)}`),
            )
            .finally(() => {
              lettingGo = undefined;
            });
        }, keepMs).unref();

  signal.addEventListener('abort', () => book.settleAll(interrupted()), { once: true });

  return {
    build: (drvPath) => open(drvPath),
    enqueue: (drvPath, ticket) => open(drvPath, ticket),
    reprioritise(id, priority) {
      const request = book.find(id);
      if (request === undefined) return;
      request.globalPriority = priority.globalPriority ?? request.globalPriority;
      request.priority = priority.priority ?? request.priority;
      if (request.state === 'queued') planner.put(request);
      graph.reprioritise(request);
    },
    setShare: (share, of) => shares.set(share, of),
    setBuilders(builders) {
      pool.set(builders);
      dispatch();
    },
    setDrained(builder, drained) {
      pool.setDrained(builder, drained);
      dispatch();
    },
    builders: () => pool.links.map((link) => builderStatus(link, attempts.running)),
    explain: (id) =>
      explainWait(book.find(id), { graph, ready, pool, attempts, planner, unsupportedAfterMs }),
    get counts() {
      return { builds: book.size, steps: graph.size, runnable: ready.size, running: attempts.size };
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      clearInterval(timer);
      await lettingGo;
      while (tasks.size > 0) await Promise.all(tasks);
      await records.written();
      await pool[Symbol.asyncDispose]();
      await lease[Symbol.asyncDispose]();
    },
  };
}
