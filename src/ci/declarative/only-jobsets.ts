/**
 * The results of an evaluation of `.jobsets`, which must give one job, `jobsets`, and no other. Anything else is an error of
 * the whole, and nothing of it is built.
 */

import type { JobsetResult } from '../../evaluate/jobset-evaluation.ts';
import { declarativeJob } from './declaration.ts';

export async function* onlyJobsets(results: AsyncIterable<JobsetResult>): AsyncGenerator<JobsetResult> {
  const jobs: JobsetResult[] = [];
  const names: string[] = [];
  for await (const result of results) {
    if (result.type === 'job') jobs.push(result);
    else yield result;
    if (result.type === 'job') names.push(result.job.name);
    if (result.type === 'failed') names.push(result.job);
  }
  if (names.length === 1 && names[0] === declarativeJob) {
    yield* jobs;
    return;
  }
  // The whole has failed by itself then.
  if (names.includes('')) return;
  const got = names.length === 0 ? 'none' : names.slice(0, 10).join(', ');
  const message = `wanted one job, '${declarativeJob}', of a declarative project, got ${got}`;
  yield { type: 'failed', job: '', error: { message, trace: `error: ${message}` } };
}
