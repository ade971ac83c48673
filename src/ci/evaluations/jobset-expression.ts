/** Where the jobs of a jobset are, once its inputs are there. */

import { type JobsetRecord, jobsetType } from '../../db/records.ts';
import type { JobsetExpression } from '../../evaluate/jobset-evaluation.ts';
import type { LockedFlake } from '../../evaluate/lock-flake.ts';
import { AppError } from '../../util/app-error.ts';

/** Throws `input.invalid` for a jobset that does not say where. */
export async function jobsetExpression(
  jobset: JobsetRecord,
  lockFlake: (url: string) => Promise<LockedFlake>,
): Promise<JobsetExpression> {
  const { type, nixExprInput, nixExprPath, flake, project, name } = jobset;
  if (type === jobsetType.flake) {
    if (flake !== null) {
      const { url, sourcePath } = await lockFlake(flake);
      return { type: 'flake', lockedUrl: url, sourcePath };
    }
  } else if (nixExprInput !== null && nixExprPath !== null) {
    return {
      type: type === jobsetType.network ? 'network' : 'legacy',
      input: nixExprInput,
      path: nixExprPath,
    };
  }
  throw new AppError('input.invalid', `${project}:${name} does not say where its jobs are`);
}
