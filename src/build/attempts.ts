/**
 * The attempts that are under way: each with its log, its record, and the builder's time put down to the jobset whose
 * it is; and what went before, as a step that was lost is tried on another builder.
 */

import type { StepPhase } from '../events/event.ts';
import { AppError } from '../util/app-error.ts';
import { errorMessage } from '../util/error-message.ts';
import { asError } from './as-error.ts';
import { type AttemptRecord, type AttemptRecords, outputRecord } from './attempt-records.ts';
import type { BuilderLink } from './builder-link.ts';
import { isEmulated } from './can-build.ts';
import { type AttemptOptions, type AttemptResult, runAttempt } from './run-attempt.ts';
import type { ShareBook } from './share-book.ts';
import { secondsOf } from './step-demand.ts';
import type { StepNode } from './step-graph.ts';
import { openStepLog, type StepLog } from './step-log.ts';

export interface RunningAttempt {
  readonly node: StepNode;
  readonly link: BuilderLink;
  /** From 1. */
  readonly number: number;
  readonly startedAt: number;
  /** The build's id. */
  readonly owner: number | undefined;
  readonly record: AttemptRecord | undefined;
  readonly phase: StepPhase;
  /** Of the phase. */
  readonly since: number;
  /** True once it was stopped: it is about to end. */
  readonly stopped: boolean;
}

export interface EndedAttempt extends AttemptResult {
  readonly attempt: RunningAttempt;
  readonly log: Pick<StepLog, 'tail' | 'file'> | undefined;
}

export interface Attempts {
  readonly running: Iterable<RunningAttempt>;
  readonly size: number;
  of(node: StepNode): RunningAttempt | undefined;
  /** Builders on which it did not go well so far, and may elsewhere. */
  lostOn(node: StepNode): readonly string[];
  /** Never rejects; resolves once its end was told. */
  start(node: StepNode, link: BuilderLink): Promise<void>;
  /** Ends it: nobody wants it any more. */
  stop(node: StepNode): void;
}

export interface AttemptsOptions
  extends Pick<
    AttemptOptions,
    'store' | 'reader' | 'outputLimitBytes' | 'stallMs' | 'substitute' | 'emit' | 'keep' | 'signal'
  > {
  readonly logDirectory: string;
  readonly maxLogBytes: number | undefined;
  /** Told each log that is finished. */
  readonly onLogDone: (file: string) => void;
  readonly records: AttemptRecords;
  readonly shares: ShareBook;
  readonly now: () => number;
  readonly onEnd: (end: EndedAttempt) => void;
}

type Mutable<T> = { -readonly [key in keyof T]: T[key] };

export function createAttempts(options: AttemptsOptions): Attempts {
  const { now, emit, signal } = options;
  const running = new Map<StepNode, Mutable<RunningAttempt> & { readonly abort: AbortController }>();
  const history = new WeakMap<StepNode, { count: number; lostOn: readonly string[] }>();

  const start = async (node: StepNode, link: BuilderLink): Promise<void> => {
    const { step, demand } = node;
    const { drvPath, name, system } = step;
    const startedAt = now();
    const before = history.get(node) ?? { count: 0, lostOn: [] };
    const number = before.count + 1;
    history.set(node, { ...before, count: number });
    const builder = link.builder.name;
    const emulated = isEmulated(step, link.builder);
    const log = openLog(node);
    const owner = demand.owner?.ticket;
    const abort = new AbortController();
    const attempt: Mutable<RunningAttempt> & { readonly abort: AbortController } = {
      node,
      link,
      number,
      startedAt,
      owner: owner?.id,
      record:
        owner === undefined || log instanceof Error
          ? undefined
          : options.records.begin({
              drvPath,
              name,
              system,
              builder,
              emulated,
              attempt: number,
              owner: owner.id,
              outputs: outputRecord(step),
              logFile: log.file,
              startedAt,
            }),
      phase: 'preparing',
      since: startedAt,
      stopped: false,
      abort,
    };
    running.set(node, attempt);
    const endShare = owner === undefined ? () => {} : options.shares.begin(owner.share);
    const onAbort = (): void => abort.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    emit({ type: 'step.started', drvPath, name, system, builder, emulated, attempt: number });
    const result: AttemptResult =
      log instanceof Error
        ? noLog(log)
        : await runAttempt({
            ...options,
            step,
            link,
            log,
            limits: {
              timeoutSeconds: secondsOf(demand.timeoutSeconds),
              maxSilentSeconds: secondsOf(demand.maxSilentSeconds),
              maxLogBytes: options.maxLogBytes,
            },
            onPhase(phase) {
              attempt.phase = phase;
              attempt.since = now();
              emit({ type: 'step.phase', drvPath, phase });
              attempt.record?.phase(phase);
            },
            signal: abort.signal,
          });
    signal.removeEventListener('abort', onAbort);
    endShare();
    running.delete(node);
    if (!(log instanceof Error) && log.writeError !== undefined) {
      const text = `the log of ${name} is not complete: ${log.writeError}`;
      emit({ type: 'message', level: 'warning', text });
    }
    if (result.mayPass) {
      history.set(node, { count: number, lostOn: [...before.lostOn, builder] });
    }
    options.onEnd({ ...result, attempt, log: log instanceof Error ? undefined : log });
    // After what the next step waits for.
    if (!(log instanceof Error)) options.onLogDone(log.file);
  };

  const openLog = ({ step }: StepNode): StepLog | Error => {
    try {
      return openStepLog(options.logDirectory, step.drvPath);
    } catch (error) {
      return asError(error);
    }
  };

  return {
    get running() {
      return running.values();
    },
    get size() {
      return running.size;
    },
    of: (node) => running.get(node),
    lostOn: (node) => history.get(node)?.lostOn ?? [],
    start,
    stop(node) {
      const attempt = running.get(node);
      if (attempt === undefined) return;
      attempt.stopped = true;
      attempt.abort.abort(new AppError('interrupted', 'nobody wants it any more'));
    },
  };
}

function noLog(fault: Error): AttemptResult {
  const message = `no log can be written: ${errorMessage(fault)}`;
  return {
    verdict: { ok: false, reason: 'builder-lost', message },
    fault,
    mayPass: false,
    outputs: new Map(),
  };
}
