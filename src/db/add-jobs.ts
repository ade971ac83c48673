/**
 * Jobs of an evaluation become builds (hydra.md §2.7). A job takes over a build of the same name from the jobset's
 * current evaluation, or from a later one that did not come to its end, when the first output path (the first by name)
 * is the same, or the derivation where that path is not known. The same path from another derivation gives that build
 * the new derivation and queues it again. Everything else is a new build.
 *
 * Evaluations that were cancelled or died count, so that what they queued is not queued twice. A name has one build in
 * an evaluation; adding it again says which, so a call whose answer was lost can be made again.
 */

import { type Insertable, sql } from 'kysely';
import { AppError } from '../util/app-error.ts';
import type { BuildStatus } from './build-status.ts';
import type { Connection } from './connection.ts';
import type { AddedJob } from './database.ts';
import { ensureJobs } from './ensure-jobs.ts';
import { type Candidate, findCandidates, isSame } from './find-candidates.ts';
import { flag } from './flag.ts';
import { insertBuilds } from './insert-builds.ts';
import { insertRows } from './insert-rows.ts';
import { known } from './known.ts';
import { lockEvaluation } from './lock-evaluation.ts';
import type { NewBuild } from './records.ts';
import { requeueBuilds } from './requeue-builds.ts';
import type { Schema } from './schema.ts';
import { standing } from './shift-counts.ts';

export function addJobs(
  connection: Connection,
  evaluationId: number,
  jobs: readonly NewBuild[],
  at: number,
): Promise<readonly AddedJob[]> {
  return connection.transaction(async (inside) => {
    await lockEvaluation(inside, evaluationId);
    const jobsetId = await jobsetOf(inside, evaluationId);
    const wanted = [...new Map(jobs.toReversed().map((job) => [job.job, job])).values()].reverse();
    const jobIds = await ensureJobs(inside, jobsetId, wanted);
    const candidates = await findCandidates(inside, jobsetId, evaluationId, jobIds);

    const fresh: NewBuild[] = [];
    const taken: { readonly job: NewBuild; readonly candidate: Candidate }[] = [];
    for (const job of wanted) {
      const candidate = candidates
        .get(job.job)
        ?.find((candidate) => candidate.isMember || isSame(candidate, job));
      if (candidate === undefined) fresh.push(job);
      else taken.push({ job, candidate });
    }

    const repointed = taken.filter(
      ({ job, candidate }) => !candidate.isMember && candidate.drvPath !== job.drvPath,
    );
    const repointedIds = new Set(repointed.map(({ candidate }) => candidate.id));
    // First, for until then they count among the finished builds of the job they were of.
    await requeueBuilds(inside, [...repointedIds]);
    for (const { job, candidate } of repointed) {
      await inside.db
        .updateTable('builds')
        .set({ drv_path: job.drvPath, job_id: jobIds.of(job) })
        .where('id', '=', candidate.id)
        .execute();
    }
    const freshIds = await insertBuilds(inside, jobsetId, fresh, jobIds, at);

    const added = new Map<string, AddedJob>();
    const members: Insertable<Schema['evaluation_builds']>[] = [];
    const statuses: (BuildStatus | null)[] = [];
    const addMember = (job: NewBuild, buildId: number, isNew: boolean, status: BuildStatus | null): void => {
      members.push({
        evaluation_id: evaluationId,
        job_id: jobIds.of(job),
        build_id: buildId,
        is_new: flag(isNew),
      });
      statuses.push(status);
    };
    for (const { job, candidate } of taken) {
      const isRepointed = repointedIds.has(candidate.id);
      const status = isRepointed ? null : candidate.status;
      added.set(job.job, {
        job: job.job,
        buildId: candidate.id,
        isNew: candidate.isMember && candidate.isNew,
        finished: status !== null,
        repointed: isRepointed,
      });
      if (!candidate.isMember) addMember(job, candidate.id, false, status);
    }
    for (const [index, buildId] of freshIds.entries()) {
      const job = fresh[index] as NewBuild; // an id for each
      added.set(job.job, { job: job.job, buildId, isNew: true, finished: false, repointed: false });
      addMember(job, buildId, true, null);
    }
    await insertRows(inside, 'evaluation_builds', members);
    await countMembers(inside, evaluationId, statuses);
    return jobs.map((job) => known(added, job.job));
  });
}

async function jobsetOf({ db }: Connection, evaluationId: number): Promise<number> {
  const row = await db
    .selectFrom('evaluations')
    .select('jobset_id')
    .where('id', '=', evaluationId)
    .executeTakeFirst();
  if (row === undefined) throw new AppError('db.missing', `there is no evaluation ${evaluationId} any more`);
  return row.jobset_id;
}

async function countMembers(
  { db }: Connection,
  evaluationId: number,
  statuses: readonly (BuildStatus | null)[],
): Promise<void> {
  if (statuses.length === 0) return;
  const counted = { scheduled: 0, succeeded: 0, failed: 0 };
  for (const status of statuses) counted[standing(status)] += 1;
  await db
    .updateTable('evaluations')
    .set({
      total: sql`total + ${statuses.length}`,
      scheduled: sql`scheduled + ${counted.scheduled}`,
      succeeded: sql`succeeded + ${counted.succeeded}`,
      failed: sql`failed + ${counted.failed}`,
    })
    .where('id', '=', evaluationId)
    .execute();
}
