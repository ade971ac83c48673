/** Which evaluation a rollout is of. */

import type { Database } from '../../db/database.ts';
import type { EvaluationRecord } from '../../db/records.ts';
import { AppError } from '../../util/app-error.ts';
import { type EvaluationHosts, evaluationHosts } from './evaluation-hosts.ts';

export interface FoundEvaluation extends EvaluationHosts {
  readonly evaluation: EvaluationRecord;
}

/** Of the jobset's own evaluations, so many are looked at for the newest that has hosts. */
const looks = 20;

/** Throws `rollout.evaluation` and `api.not-found`. */
export async function findEvaluation(
  database: Pick<Database, 'evaluations' | 'jobsets'>,
  wanted: { readonly project: string; readonly jobset: string; readonly evaluation?: number | undefined },
): Promise<FoundEvaluation> {
  const name = `${wanted.project}:${wanted.jobset}`;
  const jobset = await database.jobsets.find(wanted.project, wanted.jobset);
  if (jobset === undefined) throw new AppError('api.not-found', `There is no jobset ${name}.`);
  if (wanted.evaluation !== undefined) {
    const evaluation = await database.evaluations.get(wanted.evaluation);
    if (evaluation?.jobsetId !== jobset.id)
      throw new AppError('rollout.evaluation', `${name} has no evaluation ${wanted.evaluation}`);
    const found = await withHosts(database, evaluation);
    if (found !== undefined) return found;
    const is = evaluation.state === 'evaluating' ? 'is not over yet' : `${evaluation.state} without hosts`;
    throw new AppError('rollout.evaluation', `evaluation ${evaluation.id} of ${name} ${is}`);
  }
  let next = await database.evaluations.latest(jobset.id);
  for (let look = 0; next !== undefined && look < looks; look += 1) {
    const found = await withHosts(database, next);
    if (found !== undefined) return found;
    next = await database.evaluations.latestWithBuilds(jobset.id, next.id);
  }
  throw new AppError('rollout.evaluation', `${name} has no evaluation of a network that is over`);
}

async function withHosts(
  database: Pick<Database, 'evaluations'>,
  evaluation: EvaluationRecord,
): Promise<FoundEvaluation | undefined> {
  if (evaluation.state !== 'done' && evaluation.state !== 'unchanged') return undefined;
  const hosts = await evaluationHosts(database, evaluation);
  return hosts && { evaluation, ...hosts };
}
