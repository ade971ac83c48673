/**
 * A jobset from expressions to jobs, each told the moment it is known: what `evaluateJobs` does, confined to the
 * jobset's inputs, with all that belongs to a job of a server. Aggregates come when all other jobs are known.
 */

import type { Emit, EvaluationError } from '../events/event.ts';
import type { StorePath } from '../nix/store-path.ts';
import { openStoreDatabase } from '../store/store-database.ts';
import { AppError } from '../util/app-error.ts';
import { evaluateAggregates } from './evaluate-aggregates.ts';
import { type EvaluationDeps, evaluateJobs } from './evaluate-jobs.ts';
import type { EvaluatedJob, JobRequest, JobResult } from './evaluation.ts';
import { jobMeta } from './job-meta.ts';
import type { JobsetEvaluation, JobsetEvaluationDeps, JobsetJob, JobsetResult } from './jobset-evaluation.ts';
import { type JobsetPlan, planJobset } from './jobset-plan.ts';
import { namePlaces } from './name-places.ts';
import { NetworkBook } from './network-book.ts';
import { evaluateWithNixEvalJobs } from './nix-eval-jobs/evaluate-with-nix-eval-jobs.ts';
import { isProven } from './nix-eval-jobs/is-proven.ts';
import { recoverImports } from './recover-imports.ts';

type Deps = JobsetEvaluationDeps & Pick<EvaluationDeps, 'emit' | 'signal' | 'env'>;

/**
 * Evaluates a jobset. A job that fails costs that job only; a root that does not evaluate is a failed job with an empty
 * name. Throws `interrupted`, `process.missing` and `evaluation.worker`, and what `deps.keep` throws.
 */
export async function* evaluateJobset(
  evaluation: JobsetEvaluation,
  { emit, signal, env = process.env, buildImported, keep }: Deps,
): AsyncGenerator<JobsetResult> {
  let plan: JobsetPlan;
  try {
    plan = await planJobset(evaluation, { signal, env });
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'input.invalid')) throw error;
    yield { type: 'failed', job: '', error: { message: error.message, trace: error.message } };
    return;
  }
  const { request, settings, sources } = plan;
  const recover = recoverImports({
    allowed: evaluation.allowImportFromDerivation,
    buildImported,
    deriverOf,
    showTrace: settings.showTrace,
  });
  const tell: Emit = (event) =>
    emit(
      event.type === 'evaluation.job.failed' ? { ...event, error: namePlaces(event.error, sources) } : event,
    );
  const network = evaluation.expression.type === 'network' ? new NetworkBook() : undefined;
  const deps = { signal, env: { ...env, NIX_PATH: '' }, keep, recover };
  const failure = (job: string, error: EvaluationError): JobsetResult => ({
    type: 'failed',
    job,
    error: namePlaces(error, sources),
  });
  // Imports and the metadata of networks are the business of our own workers.
  const elsewhere = network === undefined && !evaluation.allowImportFromDerivation && (await isProven(deps));
  const discover = elsewhere ? evaluateWithNixEvalJobs : evaluateJobs;
  const known: JobResult[] = [];
  for await (const found of discover(request, settings, { ...deps, emit: tell })) {
    const result = network?.enter(found) ?? found;
    known.push(result.ok && result.aggregate === undefined ? { ...result, meta: {} } : result);
    if (!result.ok) yield failure(result.name, result.error);
    else if (result.aggregate === undefined) yield { type: 'job', job: jobsetJob(result) };
  }
  // The same evaluation goes on.
  const tellJobs: Emit = (event) => {
    if (event.type !== 'evaluation.started' && event.type !== 'evaluation.done') tell(event);
  };
  const evaluate = (jobs: readonly JobRequest[]): AsyncGenerator<JobResult> =>
    evaluateJobs({ ...request, jobs }, settings, { ...deps, emit: tellJobs });
  for await (const result of evaluateAggregates(known, evaluate)) {
    if (result.type === 'failed') yield failure(result.name, result.error);
    else if (result.type === 'warning') yield result;
    else yield { type: 'job', job: { ...jobsetJob(result.job), constituents: result.constituents } };
  }
  const whole = network?.network();
  if (whole !== undefined) yield { type: 'network', network: whole };
}

function jobsetJob({ name, drvName, system, drvPath, outputs, meta }: EvaluatedJob): JobsetJob {
  return { name, drvName, system, drvPath, outputs, meta: jobMeta(meta) };
}

/** Opened anew each time: it is needed rarely. */
async function deriverOf(output: StorePath): Promise<StorePath | undefined> {
  using database = await openStoreDatabase();
  return database.deriverOf(output);
}
