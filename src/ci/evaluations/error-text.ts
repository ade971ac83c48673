/** What people read about an evaluation with errors, in Hydra's form, which clients look for. */

import type { JobErrorRecord } from '../../db/records.ts';

/** A job's error without a name is that of the whole expression. Null when there is none. */
export function errorText(errors: readonly Pick<JobErrorRecord, 'job' | 'trace'>[]): string | null {
  if (errors.length === 0) return null;
  return errors
    .toSorted((a, b) => (a.job < b.job ? -1 : 1))
    .map(({ job, trace }) => (job === '' ? `${trace}\n\n` : `in job ‘${job}’:\n${trace}\n\n`))
    .join('');
}
