/**
 * The build queue: from derivations to valid outputs, on all builders at once. The life of things in it:
 *
 * A *request* (one call of `build`) is planned: what is valid is done, what substituters have is fetched, the rest
 * becomes *steps* in the graph (`plan-build.ts`, `step-graph.ts`), shared with all other requests. The request
 * settles when its own step is done, or as soon as anything it needs has failed.
 *
 * A step that waits for nothing goes to a builder (`choose-builder.ts`) as an *attempt* (`run-step.ts`). It ends
 * - well: the step is done, and what waited for it may go on;
 * - badly by the derivation's own fault: the step fails, with everything above it; what only those needed is dropped;
 * - by the builder's fault: the builder is avoided for a while and the step is put back for another attempt, until it
 *   has had too many;
 * - by a fault of the local store, which no other attempt can mend: the requests that need the step reject.
 *
 * Nothing is polled. Steps are handed out whenever something changes that could let one start: steps were added, an
 * attempt ended, or the time is over for which a builder was avoided.
 *
 * A failure holds for the requests that were there when it happened; one made later tries again. So each finished
 * step is remembered until every request that was there at its end has settled.
 */

import type { StepFailure } from '../events/event.ts';
import type { StorePath } from '../nix/store-path.ts';
import { AppError } from '../util/app-error.ts';
import { asError } from './as-error.ts';
import { blame } from './blame.ts';
import type { BuildFailure, BuildOutcome, BuildQueue, BuildQueueOptions } from './build-queue.ts';
import type { BuildStep } from './build-step.ts';
import { BuilderLink } from './builder-link.ts';
import { canBuild, isEmulated } from './can-build.ts';
import { chooseBuilder } from './choose-builder.ts';
import { createDerivationReader } from './derivation-reader.ts';
import { knownOutputs } from './known-outputs.ts';
import { type BuildPlan, planBuild } from './plan-build.ts';
import { type BuildRequest, createRequestBook, type StepEnd } from './request-book.ts';
import { runStep } from './run-step.ts';
import { createSharedLease } from './shared-lease.ts';
import type { Verdict } from './step-failure.ts';
import { createStepGraph } from './step-graph.ts';
import { openStepLog, type StepLog } from './step-log.ts';
import { whyUnsupported } from './why-unsupported.ts';

export function createBuildQueue(options: BuildQueueOptions): BuildQueue {
  const { store, builders, emit, logDirectory } = options;
  const { now = Date.now, substitute = true, maxAttempts = 5, retryDelayMs = 5000 } = options;
  const closing = new AbortController();
  const signal =
    options.signal === undefined ? closing.signal : AbortSignal.any([options.signal, closing.signal]);
  const reader = createDerivationReader();
  const graph = createStepGraph();
  const book = createRequestBook();
  const steps = new Map<StorePath, BuildStep>();
  const attempts = new Map<StorePath, number>();
  const links = builders.map((builder) => new BuilderLink(builder, { now, pauseMs: retryDelayMs, signal }));
  const lease = createSharedLease(store, signal);
  const tasks = new Set<Promise<void>>();
  let wake: NodeJS.Timeout | undefined;
  /** Since the queue was last idle; undefined while it is. */
  let tally: { built: number; failed: number; readonly since: number } | undefined;

  const interrupted = (): AppError => new AppError('interrupted', 'the builds were interrupted');

  /** Runs to its end unawaited; disposing the queue waits for it. */
  const spawn = (task: Promise<void>): void => {
    const tracked = task.finally(() => tasks.delete(tracked));
    tasks.add(tracked);
  };

  const settle = (request: BuildRequest, outcome: BuildOutcome | Error): void => {
    book.settle(request, outcome);
    tellWhenIdle();
  };

  const count = (): { built: number; failed: number; readonly since: number } => {
    tally ??= { built: 0, failed: 0, since: now() };
    return tally;
  };

  const tellWhenIdle = (): void => {
    if (tally === undefined || book.size > 0 || links.some((link) => link.running > 0)) return;
    const { built, failed, since } = tally;
    tally = undefined;
    emit({ type: 'build.done', built, failed, durationMs: now() - since });
  };

  const settleDone = async (request: BuildRequest): Promise<void> => {
    try {
      const [step] = await reader.steps([request.drvPath]);
      const outputs = step === undefined ? new Map() : await knownOutputs(step, store, signal);
      settle(request, { ok: true, outputs });
    } catch (error) {
      settle(request, signal.aborted ? interrupted() : asError(error));
    }
  };

  const serve = async (request: BuildRequest): Promise<void> => {
    try {
      while (!signal.aborted) {
        const isUnderWay = (drvPath: StorePath): boolean => graph.state(drvPath) !== undefined;
        if (isUnderWay(request.drvPath)) {
          graph.add([], request.drvPath);
          return;
        }
        const plan = await planBuild(request.drvPath, {
          store,
          reader,
          lease,
          substitute,
          isUnderWay,
          onSubstitute: (paths) => emit({ type: 'build.planned', toBuild: 0, toSubstitute: paths }),
          signal,
        });
        const end = admit(request, plan);
        if (end === 'again') continue;
        if (end === 'done') await settleDone(request);
        else if (end !== 'waits') settle(request, end);
        return;
      }
    } catch (error) {
      settle(request, signal.aborted ? interrupted() : asError(error));
    }
  };

  /**
   * Puts the plan's steps into the graph. Other requests went on while the plan was made, so some of it may have ended
   * meanwhile; when a step it counted on was dropped, it has to be made `again`.
   */
  const admit = (request: BuildRequest, plan: BuildPlan): StepEnd | 'waits' | 'again' => {
    const known = [...plan.steps.keys(), ...plan.underWay];
    const ends = new Map(known.map((drvPath) => [drvPath, book.recall(drvPath, request)]));
    for (const end of ends.values()) if (end !== undefined && end !== 'done') return end;
    if (plan.steps.size === 0 && graph.state(request.drvPath) === undefined) return 'done';
    if (ends.get(request.drvPath) === 'done') return 'done';
    for (const drvPath of plan.underWay) {
      if (graph.state(drvPath) === undefined && ends.get(drvPath) === undefined) return 'again';
    }
    const open = [...plan.steps.values()].filter((step) => ends.get(step.drvPath) === undefined);
    const isOpen = (drvPath: StorePath): boolean =>
      graph.state(drvPath) !== undefined || (plan.steps.has(drvPath) && ends.get(drvPath) === undefined);
    const added = graph.add(
      open.map((step) => ({ drvPath: step.drvPath, needs: [...step.inputs.keys()].filter(isOpen) })),
      request.drvPath,
    );
    for (const drvPath of added) {
      const step = plan.steps.get(drvPath);
      if (step !== undefined) steps.set(drvPath, step);
    }
    if (added.length > 0) emit({ type: 'build.planned', toBuild: added.length, toSubstitute: 0 });
    dispatch();
    return 'waits';
  };

  /** Hands out what can start now. */
  const dispatch = (): void => {
    clearTimeout(wake);
    if (signal.aborted) return;
    let waiting = false;
    for (const drvPath of graph.runnable()) {
      const step = steps.get(drvPath);
      // An unsupported step may take later ones of this list out of the graph with it.
      if (step === undefined || graph.state(drvPath) !== 'runnable') continue;
      const link = chooseBuilder(step, links);
      if (link !== undefined) {
        graph.start(drvPath);
        link.running += 1;
        spawn(attempt(step, link));
      } else if (builders.some((builder) => canBuild(step, builder))) {
        waiting = true;
      } else {
        fail(step, '', { reason: 'unsupported', message: whyUnsupported(step, builders) });
      }
    }
    const returns = links.filter((link) => link.avoided).map((link) => link.avoidedUntil - now());
    if (waiting && returns.length > 0) wake = setTimeout(dispatch, Math.max(1, Math.min(...returns)));
  };

  const attempt = async (step: BuildStep, link: BuilderLink): Promise<void> => {
    const { drvPath, name, system } = step;
    const started = now();
    const number = (attempts.get(drvPath) ?? 0) + 1;
    const builder = link.builder.name;
    const emulated = isEmulated(step, link.builder);
    attempts.set(drvPath, number);
    emit({ type: 'step.started', drvPath, name, system, builder, emulated, attempt: number });
    let log: StepLog | undefined;
    let verdict: Verdict | Error;
    try {
      log = await openStepLog(logDirectory, drvPath);
      await lease.add([...step.outputs.values()].flatMap(({ path }) => path ?? []));
      const { maxSilentSeconds, timeoutSeconds, maxLogBytes } = options;
      const limits = { maxSilentSeconds, timeoutSeconds, maxLogBytes };
      verdict = await runStep({ step, link, store, reader, log, limits, substitute, emit, signal });
      if (verdict.ok || verdict.reason !== 'builder-lost') link.worked();
      else link.avoid();
    } catch (error) {
      verdict = await blame(error, builder, store, signal);
    }
    await log?.[Symbol.asyncDispose]();
    if (log?.writeError !== undefined) {
      const text = `the log of ${name} is not complete: ${log.writeError}`;
      emit({ type: 'message', level: 'warning', text });
    }
    link.running -= 1;
    if (verdict instanceof Error) {
      fail(step, builder, { reason: 'builder-lost', message: verdict.message }, log, verdict);
    } else if (verdict.ok) {
      count().built += verdict.how === 'built' ? 1 : 0;
      emit({ type: 'step.done', drvPath, name, builder, how: verdict.how, durationMs: now() - started });
      succeed(drvPath);
    } else if (verdict.reason === 'builder-lost' && number < maxAttempts) {
      tellFailure(step, builder, verdict, log, true);
      forget(graph.putBack(drvPath), step);
    } else {
      fail(step, builder, verdict, log);
    }
    dispatch();
    tellWhenIdle();
  };

  const succeed = (drvPath: StorePath): void => {
    graph.succeed(drvPath);
    end(drvPath, 'done');
    for (const request of book.of(drvPath)) spawn(settleDone(request));
  };

  /** Fails the step and all that needs it; `fault` when that is not a failure of the derivation. */
  const fail = (
    step: BuildStep,
    builder: string,
    failure: { readonly reason: StepFailure; readonly message: string },
    log?: StepLog,
    fault?: Error,
  ): void => {
    count().failed += 1;
    tellFailure(step, builder, failure, log, false);
    const outcome: BuildFailure = {
      ok: false,
      drvPath: step.drvPath,
      reason: failure.reason,
      message: failure.message,
      logTail: log?.tail ?? [],
      logFile: log?.file,
    };
    const { dependents, dropped } = graph.fail(step.drvPath);
    const message = `it needs ${step.name} (${step.drvPath}), which failed`;
    for (const drvPath of dependents) {
      const dependent = steps.get(drvPath);
      if (dependent !== undefined) {
        tellFailure(dependent, '', { reason: 'dependency-failed', message }, undefined, false);
      }
    }
    for (const drvPath of [step.drvPath, ...dependents]) {
      end(drvPath, fault ?? outcome);
      for (const request of book.of(drvPath)) settle(request, fault ?? outcome);
    }
    forget(dropped, step);
  };

  const end = (drvPath: StorePath, how: StepEnd): void => {
    steps.delete(drvPath);
    attempts.delete(drvPath);
    book.remember(drvPath, how);
  };

  /** Tells of steps that will not be built because only what failed with `cause` needed them. */
  const forget = (dropped: readonly StorePath[], cause: BuildStep): void => {
    for (const drvPath of dropped) {
      const step = steps.get(drvPath);
      const message = `not built: only what failed with ${cause.name} needed it`;
      if (step !== undefined) tellFailure(step, '', { reason: 'cancelled', message }, undefined, false);
      steps.delete(drvPath);
      attempts.delete(drvPath);
    }
  };

  const tellFailure = (
    step: BuildStep,
    builder: string,
    failure: { readonly reason: StepFailure; readonly message: string },
    log: StepLog | undefined,
    willRetry: boolean,
  ): void => {
    const { drvPath, name } = step;
    const { reason, message } = failure;
    const logTail = [...(log?.tail ?? [])];
    const logFile = log === undefined ? {} : { logFile: log.file };
    emit({ type: 'step.failed', drvPath, name, builder, reason, message, logTail, ...logFile, willRetry });
  };

  const onAbort = (): void => {
    clearTimeout(wake);
    book.settleAll(interrupted());
  };
  signal.addEventListener('abort', onAbort, { once: true });

  return {
    build(drvPath) {
      if (signal.aborted) return Promise.reject(interrupted());
      const request = book.open(drvPath);
      count();
      spawn(serve(request));
      return request.outcome;
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await Promise.all(tasks);
      await Promise.all(links.map((link) => link[Symbol.asyncDispose]()));
      await lease[Symbol.asyncDispose]();
    },
  };
}
