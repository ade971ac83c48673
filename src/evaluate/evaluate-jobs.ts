/**
 * From Nix expressions to derivations, many at once: a pool of `nix repl` workers, each result told the moment it is
 * there. One job's failure, of whatever kind, is that job's only.
 */

import type { Emit, EvaluationError } from '../events/event.ts';
import { AppError } from '../util/app-error.ts';
import type { EvaluationRequest, EvaluationSettings, JobResult } from './evaluation.ts';
import { EvaluationRun, type KeepDerivation, type RecoverJob } from './evaluation-run.ts';
import { findSyntaxError } from './find-syntax-error.ts';
import { nixVersion } from './nix-version.ts';
import { remembersFailures } from './remembers-failures.ts';
import { workerSettings } from './worker-settings.ts';

export interface EvaluationDeps {
  readonly emit: Emit;
  readonly signal?: AbortSignal | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly keep?: KeepDerivation | undefined;
  readonly recover?: RecoverJob | undefined;
}

/**
 * Evaluates the jobs of a request; each comes out once, in the order in which they get done. Leaving the loop early, or
 * aborting the signal, ends all workers. In a discovery a root that does not evaluate is a failed job with an empty
 * name. Throws `interrupted`, `process.missing` and `evaluation.worker`.
 */
export async function* evaluateJobs(
  request: EvaluationRequest,
  settings: EvaluationSettings,
  { emit, ...deps }: EvaluationDeps,
): AsyncGenerator<JobResult> {
  const start = performance.now();
  const jobs = request.jobs === 'discover' ? [] : request.jobs.map(({ name }) => name);
  emit({ type: 'evaluation.started', source: request.source, jobs });
  let succeeded = 0;
  let failed = 0;
  for await (const result of results(request, settings, { emit, ...deps })) {
    if (result.ok) succeeded += 1;
    else failed += 1;
    yield result;
  }
  emit({ type: 'evaluation.done', succeeded, failed, durationMs: performance.now() - start });
}

async function* results(
  request: EvaluationRequest,
  settings: EvaluationSettings,
  { emit, signal, env, keep, recover }: EvaluationDeps,
): AsyncGenerator<JobResult> {
  if (request.jobs !== 'discover' && request.jobs.length === 0) return;
  const [version, syntaxError, remembering] = await Promise.all([
    nixVersion({ signal, env }),
    findSyntaxError(request, { signal, env }),
    recover === undefined ? false : remembersFailures({ signal, env }),
  ]);
  if (signal?.aborted) throw new AppError('interrupted', 'the evaluation was interrupted');
  if (syntaxError !== undefined) {
    yield* allFailed(request, syntaxError, emit);
    return;
  }
  const workers = workerSettings(request, settings, version, env);
  await using run = new EvaluationRun({
    request,
    settings,
    workers,
    emit,
    signal,
    keep,
    recover,
    remembersFailures: remembering,
  });
  yield* run.results();
}

function* allFailed(request: EvaluationRequest, error: EvaluationError, emit: Emit): Generator<JobResult> {
  const jobs = request.jobs === 'discover' ? [{ name: '', attrPath: [] }] : request.jobs;
  for (const job of jobs) {
    emit({ type: 'evaluation.job.failed', job: job.name, error });
    yield { ok: false, ...job, error };
  }
}
