/**
 * What follows from the end of a step: for the steps above and below it, for the requests that want it, and who is told.
 */

import type { Emit, StepFailure } from '../events/event.ts';
import type { AttemptRecords } from './attempt-records.ts';
import type { EndedAttempt } from './attempts.ts';
import type { BuildFailure } from './build-queue.ts';
import type { BuildRequest } from './build-request.ts';
import type { BuildStep } from './build-step.ts';
import type { RequestBook } from './request-book.ts';
import type { FailureCache, StepEnded } from './scheduler.ts';
import type { StepEnds } from './step-ends.ts';
import type { Verdict } from './step-failure.ts';
import type { StepGraph, StepNode, Useless } from './step-graph.ts';
import type { Tally } from './tally.ts';

export interface EndStepsOptions {
  readonly graph: StepGraph;
  readonly ends: StepEnds;
  readonly book: RequestBook;
  readonly records: AttemptRecords;
  readonly failures: FailureCache | undefined;
  readonly tally: Tally;
  readonly emit: Emit;
  readonly now: () => number;
  readonly maxAttempts: number;
  readonly signal: AbortSignal;
}

type Failed = Extract<Verdict, { ok: false }>;

export interface EndSteps {
  attemptEnded(end: EndedAttempt): void;
  /** A step that cannot be tried, with all that need it. */
  refuse(node: StepNode, failure: Failed): void;
  /** A request that fails by a step of which it is known, without the graph. */
  known(request: BuildRequest, step: BuildStep, failure: Failed): void;
  /** Steps that nobody wants any more; `why` is told of those that had not begun. */
  dropped(useless: Useless, why: string): void;
}

export function createEndSteps(options: EndStepsOptions): EndSteps {
  const { graph, ends, book, records, tally, emit, now } = options;

  const attemptEnded = (end: EndedAttempt): void => {
    const { attempt, verdict } = end;
    const { node, link, number } = attempt;
    const { drvPath, name } = node.step;
    const builder = link.builder.name;
    if (verdict.ok) {
      const { how } = verdict;
      if (how === 'built') tally.built();
      emit({ type: 'step.done', drvPath, name, builder, how, durationMs: now() - attempt.startedAt });
      const outputs = Object.fromEntries(end.outputs);
      attempt.record?.end({ endedAt: now(), result: { ok: true, how, outputs }, failedBuilds: [] });
      const paths = [...end.outputs.values()];
      graph.succeed(node, paths);
      ends.remember(drvPath, { ok: true, paths });
      for (const request of node.requests) {
        book.settle(request, { ok: true, outputs: end.outputs, cached: false });
      }
      return;
    }
    const wasStopped = attempt.stopped || options.signal.aborted;
    // What is not a builder's doing is tried once more, not for as long as builders are.
    const most = verdict.again === 'perhaps-not' ? Math.min(2, options.maxAttempts) : options.maxAttempts;
    const willRetry = wasStopped || (end.mayPass && number < most);
    if (!willRetry) {
      if (verdict.again === 'always') addToFailures(node, verdict.message);
      fail(node, verdict, end);
      return;
    }
    const stopped: Failed = { ok: false, reason: 'cancelled', message: 'interrupted' };
    const failure = wasStopped ? stopped : verdict;
    // Somebody may have come to want a step that was being stopped: it is tried again for them.
    const useless = graph.putBack(node);
    const isOver = useless.dropped.length > 0 || options.signal.aborted;
    tellFailure(node, builder, failure, end.log, !isOver);
    attempt.record?.end(ended(failure, { willRetry: !isOver || options.signal.aborted, failedBuilds: [] }));
    dropped({ ...useless, dropped: useless.dropped.slice(1) }, `not built: only ${name} needed it`);
  };

  /** Fails the step and all that needs it. */
  const fail = (node: StepNode, failure: Failed, end?: EndedAttempt): void => {
    tally.failed();
    const { step } = node;
    tellFailure(node, end?.attempt.link.builder.name ?? '', failure, end?.log, false);
    const outcome: BuildFailure = {
      ok: false,
      drvPath: step.drvPath,
      reason: failure.reason,
      message: failure.message,
      logTail: end?.log?.tail ?? [],
      logFile: end?.log?.file,
    };
    const { dependents, ...useless } = graph.fail(node);
    const message = `it needs ${step.name} (${step.drvPath}), which failed`;
    for (const dependent of dependents) {
      tellFailure(dependent, '', { reason: 'dependency-failed', message }, undefined, false);
    }
    const failed = [node, ...dependents];
    const requests = failed.flatMap((each) => [...each.requests]);
    record(node, failure, requests, end);
    for (const each of failed) ends.remember(each.step.drvPath, end?.fault ?? outcome);
    for (const request of requests) book.settle(request, end?.fault ?? outcome);
    dropped(useless, `not built: only what failed with ${step.name} needed it`);
  };

  const record = (
    node: StepNode,
    failure: Failed,
    requests: readonly BuildRequest[],
    end: EndedAttempt | undefined,
  ): void => {
    const failedBuilds = requests.flatMap(({ ticket }) => ticket?.id ?? []);
    const how = ended(failure, { willRetry: false, failedBuilds });
    if (end !== undefined) {
      end.attempt.record?.end(how);
      return;
    }
    const owner = node.demand.owner?.ticket?.id;
    if (owner !== undefined) records.refused(node.step, owner, how);
  };

  const ended = (
    { reason, message }: Failed,
    { willRetry, failedBuilds }: { willRetry: boolean; failedBuilds: readonly number[] },
  ): StepEnded => ({ endedAt: now(), result: { ok: false, reason, message, willRetry }, failedBuilds });

  const addToFailures = ({ step }: StepNode, message: string): void => {
    const { failures } = options;
    if (failures === undefined) return;
    const outputs = [...step.outputs.values()].flatMap(({ path }) => path ?? []);
    const added = failures.add({ drvPath: step.drvPath, outputs }, message);
    records.write(`that ${step.name} is known to fail`, added);
  };

  const dropped = (useless: Useless, why: string): void => {
    for (const node of useless.dropped) {
      tellFailure(node, '', { reason: 'cancelled', message: why }, undefined, false);
    }
  };

  const tellFailure = (
    { step: { drvPath, name } }: Pick<StepNode, 'step'>,
    builder: string,
    { reason, message }: { readonly reason: StepFailure; readonly message: string },
    log: EndedAttempt['log'],
    willRetry: boolean,
  ): void => {
    const logTail = [...(log?.tail ?? [])];
    const logFile = log === undefined ? {} : { logFile: log.file };
    emit({ type: 'step.failed', drvPath, name, builder, reason, message, logTail, ...logFile, willRetry });
  };

  const known = (request: BuildRequest, step: BuildStep, failure: Failed): void => {
    const id = request.ticket?.id;
    const { drvPath } = step;
    const { reason, message } = failure;
    tally.failed();
    tellFailure({ step }, '', failure, undefined, false);
    if (id !== undefined) {
      records.refused(step, id, ended(failure, { willRetry: false, failedBuilds: [id] }));
    }
    book.settle(request, { ok: false, drvPath, reason, message, logTail: [], logFile: undefined });
  };

  return { attemptEnded, known, refuse: (node, failure) => fail(node, failure), dropped };
}
