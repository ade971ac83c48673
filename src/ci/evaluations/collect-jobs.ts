/**
 * What an evaluation gives, as it comes: jobs become builds in batches and are taken to be built, errors are written
 * down, and when all jobs are known, aggregates get their constituents.
 */

import type { JobErrorRecord, NewBuild } from '../../db/records.ts';
import type { JobsetJob, JobsetResult } from '../../evaluate/jobset-evaluation.ts';
import type { EvaluationError } from '../../events/event.ts';
import { blankPasswords } from '../../util/blank-passwords.ts';
import { createBatcher } from './create-batcher.ts';
import type { EvaluationDeps, Progress } from './evaluation-run.ts';
import { newBuild } from './new-build.ts';

/** Says the errors, an empty job name standing for the whole expression. */
export async function collectJobs(
  results: AsyncIterable<JobsetResult>,
  evaluationId: number,
  progress: Progress,
  deps: Pick<EvaluationDeps, 'database' | 'builds' | 'emit' | 'now'>,
): Promise<readonly JobErrorRecord[]> {
  const { builds, emit, now } = deps;
  const { evaluations } = deps.database;
  const { project, jobset } = progress;
  const buildIds = new Map<string, number>();
  const aggregates: JobsetJob[] = [];
  const errors: JobErrorRecord[] = [];

  const jobs = createBatcher<NewBuild>(async (batch) => {
    const open: number[] = [];
    for (const { job, buildId, isNew, repointed, finished } of await evaluations.addJobs(
      evaluationId,
      batch,
      now(),
    )) {
      buildIds.set(job, buildId);
      if (!finished) open.push(buildId);
      if (isNew || repointed) emit({ type: 'ci.build.queued', build: buildId, project, jobset, job });
    }
    await builds.take(open);
  });
  const failures = createBatcher<JobErrorRecord>((batch) => evaluations.addErrors(evaluationId, batch));

  const told = (job: string, ok: boolean): void => {
    progress.jobsDone += 1;
    if (!ok) progress.jobsFailed += 1;
    const { jobsDone: done, jobsFailed: failed } = progress;
    emit({
      type: 'ci.evaluation.progress',
      project,
      jobset,
      evaluation: evaluationId,
      job,
      ok,
      done,
      failed,
    });
  };

  try {
    for await (const result of results) {
      switch (result.type) {
        case 'job':
          if (result.job.constituents !== undefined) aggregates.push(result.job);
          told(result.job.name, true);
          await jobs.add(newBuild(result.job));
          break;
        case 'failed': {
          const error = errorRecord(result.job, result.error);
          errors.push(error);
          told(result.job, false);
          await failures.add(error);
          break;
        }
        case 'network':
          await evaluations.setNetwork(evaluationId, JSON.stringify(result.network));
          break;
        case 'warning':
          emit({
            type: 'message',
            level: 'warning',
            text: `${project}:${jobset}: ${blankPasswords(result.text)}`,
          });
          break;
      }
    }
  } finally {
    progress.phase = 'finishing';
    // However it ended, nothing is written after its end was told.
    await Promise.allSettled([jobs.written(), failures.written()]);
  }
  await Promise.all([jobs.written(), failures.written()]);
  for (const { name, constituents = [] } of aggregates) {
    const aggregate = buildIds.get(name);
    if (aggregate === undefined) continue;
    await evaluations.addConstituents(
      aggregate,
      constituents.flatMap((constituent) => buildIds.get(constituent) ?? []),
    );
  }
  return errors;
}

function errorRecord(job: string, { message, position, trace }: EvaluationError): JobErrorRecord {
  return {
    job,
    message: blankPasswords(message),
    file: position?.file ?? null,
    line: position?.line ?? null,
    column: position?.column ?? null,
    trace: blankPasswords(trace),
  };
}
