/** Where the jobs of a jobset are, once its inputs are there. */

import { type JobsetRecord, jobsetType } from '../../db/records.ts';
import type { JobsetExpression } from '../../evaluate/jobset-evaluation.ts';
import { AppError } from '../../util/app-error.ts';

/** `lockFlake` says the locked URL of a flake. Throws `input.invalid` for a jobset that does not say where. */
export async function jobsetExpression(
  jobset: JobsetRecord,
  lockFlake: (url: string) => Promise<string>,
): Promise<JobsetExpression> {
  const { type, nixExprInput, nixExprPath, flake, project, name } = jobset;
  if (type === jobsetType.flake) {
    if (flake !== null) return { type: 'flake', lockedUrl: await lockFlake(flake) };
  } else if (nixExprInput !== null && nixExprPath !== null) {
    return {
      type: type === jobsetType.network ? 'network' : 'legacy',
      input: nixExprInput,
      path: nixExprPath,
    };
  }
  throw new AppError('input.invalid', `${project}:${name} does not say where its jobs are`);
}
