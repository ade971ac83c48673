/**
 * One evaluation of a jobset, from its inputs to its builds:
 *
 *     fetching ──> unchanged? ──> evaluating ──> finishing
 *        │             │              │              └ done, or unchanged after all: nothing new came out
 *        │             │              └ failed: the expression itself does not evaluate, or it took too long
 *        │             └ nothing changed since the last one: no evaluation is made
 *        └ failed: an input cannot be fetched
 *
 * The jobset `.jobsets` of a declarative project begins with its declaration, which may be all there is to do.
 *
 * Jobs become builds as they come, and those are taken to be built at once. The end is told in one transaction: the
 * evaluation's, and that the jobset was checked. Cancelled at any point, what was queued stays queued. After a fault of
 * ours (no store, no worker) the jobset is due again, so that a push is not forgotten. When the server stops or dies,
 * nothing is told: the evaluation is found unfinished at the next start, and the jobset is still due.
 */

import type { JobsetRecord } from '../../db/records.ts';
import type { JobsetExpression } from '../../evaluate/jobset-evaluation.ts';
import type { ProteusEvent } from '../../events/event.ts';
import type { InputSpec, ResolvedInput } from '../../inputs/input.ts';
import { inputHash } from '../../inputs/input-hash.ts';
import type { TempRootLease } from '../../store/store.ts';
import { AppError } from '../../util/app-error.ts';
import { blankPasswords } from '../../util/blank-passwords.ts';
import { errorMessage } from '../../util/error-message.ts';
import { formatDuration } from '../../util/format-duration.ts';
import { onlyJobsets } from '../declarative/only-jobsets.ts';
import { createBuildLookup } from './build-lookup.ts';
import { collectJobs } from './collect-jobs.ts';
import { createImportBuilder } from './create-import-builder.ts';
import { errorText } from './error-text.ts';
import { evaluationInput } from './evaluation-input.ts';
import type { EvaluationDeps, Progress } from './evaluation-run.ts';
import { jobsetExpression } from './jobset-expression.ts';

/** Why the signal of an evaluation fires: its reason. */
export type EvaluationStop = 'cancelled' | 'timed-out' | 'server-stops';

export interface EvaluationRun {
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

interface Fetched {
  readonly inputs: readonly ResolvedInput[];
  readonly expression: JobsetExpression;
  readonly hash: string;
}

/** Throws faults of ours, after they were told. */
export async function runEvaluation(
  jobset: JobsetRecord,
  { progress, signal, timeoutMs }: EvaluationRun,
  deps: EvaluationDeps,
): Promise<void> {
  const { database, store, emit, now } = deps;
  const { id } = jobset;
  const named = { project: jobset.project, jobset: jobset.name };
  let begunAt = now();

  const tellEnd = (state: 'done' | 'unchanged' | 'failed' | 'cancelled', message: string | null): void =>
    emit({ type: 'ci.evaluation.ended', ...named, evaluation: progress.evaluationId, state, message });

  /** The end of an evaluation that has a row, or of one that got none. */
  const end = async (
    state: 'done' | 'failed' | 'cancelled',
    text: string | null,
    options: { readonly again?: boolean } = {},
  ): Promise<void> => {
    const at = now();
    const message = text === null ? null : blankPasswords(text);
    const { evaluationId } = progress;
    const evaluation = await database.transaction(async (tx) => {
      const ended =
        evaluationId === null
          ? undefined
          : await tx.evaluations.finish(evaluationId, {
              state,
              at,
              evaluationMs: at - begunAt,
              errorMessage: message,
            });
      const told = {
        ...(state === 'cancelled' ? {} : { errorMessage: message }),
        ...(evaluationId === null ? {} : { fetchErrorMessage: null }),
      };
      await tx.jobsets.checked(id, { at, ...told, completed: state === 'done' });
      if (options.again === true) await tx.jobsets.trigger(id, at, { force: jobset.forceEvaluation });
      return ended;
    });
    tellEnd(evaluation?.state === 'unchanged' ? 'unchanged' : state, message);
  };

  try {
    await database.jobsets.markStarted(id, begunAt);
    emit({ type: 'ci.evaluation.started', ...named, evaluation: null, phase: 'fetching' });
    await using lease = await store.leaseTempRoots([], { signal });
    const fetch = (specs: readonly InputSpec[]) => fetchAll(jobset, specs, lease, signal, deps);
    const declared = await deps.declarations.begin(jobset, fetch);
    if (declared?.type === 'applied') {
      const at = now();
      const ended = { at, errorMessage: null, fetchErrorMessage: null, completed: true };
      await database.jobsets.checked(id, ended);
      tellEnd(declared.changed ? 'done' : 'unchanged', null);
      return;
    }
    const subject = declared?.jobset ?? jobset;
    const all = [...(declared?.inputs ?? []), ...(await fetch(subject.inputs))];
    const { inputs, expression, hash } = await prepare(subject, all, signal, deps);
    if (!jobset.forceEvaluation && (await isUnchanged(id, hash, deps))) {
      await database.jobsets.checked(id, { at: now(), fetchErrorMessage: null, completed: false });
      tellEnd('unchanged', null);
      return;
    }
    const fetchedAt = now();
    progress.evaluationId = await database.evaluations.begin({
      jobsetId: id,
      startedAt: begunAt,
      checkoutMs: fetchedAt - begunAt,
      inputHash: hash,
      flake: expression.type === 'flake' ? expression.lockedUrl : null,
      nixExprInput: subject.nixExprInput,
      nixExprPath: subject.nixExprPath,
      inputs: inputs.map(evaluationInput),
    });
    begunAt = fetchedAt;
    progress.phase = 'evaluating';
    emit({ type: 'ci.evaluation.started', ...named, evaluation: progress.evaluationId, phase: 'evaluating' });
    const results = deps.evaluateJobset(
      {
        name: `${jobset.project}:${jobset.name}`,
        expression,
        inputs,
        allowImportFromDerivation: subject.allowImportFromDerivation,
        settings: deps.settings,
        allowedUris: deps.allowedUris,
      },
      {
        keep: (drvPath) => deps.roots.ensure([drvPath]),
        buildImported: createImportBuilder({ scheduler: deps.scheduler, lease, share: id, signal }),
        emit: (event) => follow(event, progress, deps.emit),
        signal,
        env: deps.env,
      },
    );
    const wanted = declared === undefined ? results : onlyJobsets(results);
    const errors = await collectJobs(wanted, progress.evaluationId, progress, deps);
    signal.throwIfAborted();
    const whole = errors.some(({ job }) => job === '');
    await end(whole ? 'failed' : 'done', errorText(errors));
  } catch (error) {
    const stop = signal.aborted ? (signal.reason as EvaluationStop) : undefined; // whoever aborts says one
    if (stop === 'server-stops') return;
    if (stop === 'cancelled') return end('cancelled', 'the evaluation was cancelled');
    if (stop === 'timed-out')
      return end('failed', `the evaluation took longer than ${formatDuration(timeoutMs)}`);
    const message = blankPasswords(errorMessage(error));
    if (error instanceof AppError && (error.code === 'input.fetch' || error.code === 'input.invalid')) {
      await database.jobsets.checked(id, { at: now(), fetchErrorMessage: message, completed: false });
      tellEnd('failed', message);
      return;
    }
    if (error instanceof AppError && error.code === 'jobset.declaration') return end('failed', message);
    await end('failed', message, { again: true });
    throw error;
  }
}

function fetchAll(
  jobset: JobsetRecord,
  specs: readonly InputSpec[],
  lease: TempRootLease,
  signal: AbortSignal,
  deps: EvaluationDeps,
): Promise<readonly ResolvedInput[]> {
  const { database, now, env } = deps;
  return deps.fetchInputs(specs, {
    store: deps.store,
    cacheDirectory: deps.cacheDirectory,
    project: jobset.project,
    jobset: jobset.name,
    builds: createBuildLookup(database),
    keep: (path) => lease.add([path]),
    firstSeen: (uri, sha256) => database.server.firstSeen(uri, sha256, now()),
    now,
    env,
    signal,
  });
}

async function prepare(
  jobset: JobsetRecord,
  inputs: readonly ResolvedInput[],
  signal: AbortSignal,
  deps: EvaluationDeps,
): Promise<Fetched> {
  const { store, allowedUris, env } = deps;
  const expression = await jobsetExpression(jobset, (url) => deps.lockFlake(url, { signal, env }));
  const hash = inputHash({
    expression: { ...expression },
    inputs,
    nixVersion: store.nixVersion,
    options: {
      'allow-import-from-derivation': String(jobset.allowImportFromDerivation),
      'allowed-uris': allowedUris.join(' '),
    },
  });
  return { inputs, expression, hash };
}

/** One that failed or was cancelled is made again. */
async function isUnchanged(jobsetId: number, hash: string, { database }: EvaluationDeps): Promise<boolean> {
  const last = await database.evaluations.latest(jobsetId);
  return last?.inputHash === hash && (last.state === 'done' || last.state === 'unchanged');
}

/** Of what the evaluator tells, what the jobset's progress is made of, and what people should know of at once. */
function follow(event: ProteusEvent, progress: Progress, emit: EvaluationDeps['emit']): void {
  const { type } = event;
  if (type === 'evaluation.started') {
    if (event.jobs.length > 0) progress.jobsTotal = event.jobs.length;
  } else if (type === 'evaluation.job.started') {
    progress.current.add(event.job);
  } else if (type === 'evaluation.job.done' || type === 'evaluation.job.failed') {
    progress.current.delete(event.job);
  } else if (type === 'evaluation.worker.restarted') {
    const { project, jobset } = progress;
    emit({ type: 'message', level: 'warning', text: `${project}:${jobset}: ${event.reason}` });
  }
}
