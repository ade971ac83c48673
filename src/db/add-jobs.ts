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
import { outputsOf } from './build-rows.ts';
import type { BuildStatus } from './build-status.ts';
import type { Connection } from './connection.ts';
import type { AddedJob } from './database.ts';
import { flag } from './flag.ts';
import { inIds, inTexts } from './in-list.ts';
import { chunks, insertRows } from './insert-rows.ts';
import { lockEvaluation } from './lock-evaluation.ts';
import type { NewBuild } from './records.ts';
import { requeueBuilds } from './requeue-builds.ts';
import type { Schema } from './schema.ts';
import { standing } from './shift-counts.ts';

const hourMs = 3_600_000;

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
    const jobId = (job: NewBuild): number => jobIds.get(job.job)?.get(job.system) ?? lost(job);
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
        .set({ drv_path: job.drvPath, job_id: jobId(job) })
        .where('id', '=', candidate.id)
        .execute();
    }
    const ids = await insertBuilds(inside, jobsetId, fresh, jobId, at);

    const added = new Map<string, AddedJob>();
    const members: Insertable<Schema['evaluation_builds']>[] = [];
    const statuses: (BuildStatus | null)[] = [];
    const addMember = (job: NewBuild, buildId: number, isNew: boolean, status: BuildStatus | null): void => {
      members.push({
        evaluation_id: evaluationId,
        job_id: jobId(job),
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
    for (const job of fresh) {
      const buildId = ids.get(jobId(job)) ?? lost(job);
      added.set(job.job, { job: job.job, buildId, isNew: true, finished: false, repointed: false });
      addMember(job, buildId, true, null);
    }
    await insertRows(inside, 'evaluation_builds', members);
    await countMembers(inside, evaluationId, statuses);
    return jobs.map((job) => added.get(job.job) ?? lost(job));
  });
}

/** A build that a job of the same name may take over. */
interface Candidate {
  readonly id: number;
  readonly drvPath: string;
  readonly status: BuildStatus | null;
  readonly firstOutput: string | null;
  /** It belongs to the evaluation that jobs are added to, already. */
  readonly isMember: boolean;
  readonly isNew: boolean;
}

function isSame(candidate: Candidate, job: NewBuild): boolean {
  const wanted = firstOutput(job.outputs);
  // The output of a content-addressed build becomes known when it is built; what an evaluation knows stays null.
  return wanted === null ? candidate.drvPath === job.drvPath : candidate.firstOutput === wanted;
}

function firstOutput(outputs: Readonly<Record<string, string | null>>): string | null {
  const [first] = Object.keys(outputs).sort();
  return first === undefined ? null : (outputs[first] ?? null);
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

/** Ids by name and system, of all systems that a name has; makes those that are not there. */
type JobIds = ReadonlyMap<string, ReadonlyMap<string, number>>;

async function ensureJobs(
  { db, dialect }: Connection,
  jobsetId: number,
  jobs: readonly NewBuild[],
): Promise<JobIds> {
  const ids = new Map(jobs.map(({ job }) => [job, new Map<string, number>()]));
  const read = async (): Promise<void> => {
    const rows = await db
      .selectFrom('jobs')
      .select(['id', 'name', 'system'])
      .where('jobset_id', '=', jobsetId)
      .where(inTexts(dialect, 'name', [...ids.keys()]))
      .execute();
    for (const { id, name, system } of rows) ids.get(name)?.set(system, id);
  };
  await read();
  const missing = jobs.filter(({ job, system }) => !ids.get(job)?.has(system));
  if (missing.length === 0) return ids;
  for (const chunk of chunks(missing.map(({ job, system }) => ({ jobset_id: jobsetId, name: job, system }))))
    await db
      .insertInto('jobs')
      .values(chunk)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  await read();
  return ids;
}

/** By the name of the job, those of this evaluation first, then of newer evaluations first. */
async function findCandidates(
  connection: Connection,
  jobsetId: number,
  evaluationId: number,
  jobIds: JobIds,
): Promise<ReadonlyMap<string, readonly Candidate[]>> {
  const { db, dialect } = connection;
  const { current } = await db
    .selectFrom('jobsets')
    .select('current_evaluation_id as current')
    .where('id', '=', jobsetId)
    .executeTakeFirstOrThrow();
  const evaluations = await db
    .selectFrom('evaluations')
    .select('id')
    .where('jobset_id', '=', jobsetId)
    .where('id', '>=', current ?? 0)
    .where('id', '<=', evaluationId)
    .where('total', '>', 0)
    .execute();
  const names = new Map([...jobIds].flatMap(([name, ids]) => [...ids.values()].map((id) => [id, name])));
  const rows = await db
    .selectFrom('evaluation_builds as m')
    .innerJoin('builds as b', 'b.id', 'm.build_id')
    .select(['m.job_id', 'b.id', 'b.drv_path as drvPath', 'b.status', 'm.evaluation_id', 'm.is_new'])
    .where(
      inIds(
        dialect,
        'm.evaluation_id',
        evaluations.map(({ id }) => id),
      ),
    )
    .where(inIds(dialect, 'm.job_id', [...names.keys()]))
    .orderBy('b.id')
    // Nobody may finish them between our looking and our counting them.
    .$if(dialect === 'postgres', (query) => query.forNoKeyUpdate('b'))
    .execute();
  const outputs = await outputsOf(connection, [...new Set(rows.map(({ id }) => id))]);
  rows.sort((a, b) => b.evaluation_id - a.evaluation_id);
  const candidates = rows.map((row) => ({
    name: names.get(row.job_id) ?? '',
    id: row.id,
    drvPath: row.drvPath,
    status: row.status,
    firstOutput: firstOutput(outputs.get(row.id) ?? {}),
    isMember: row.evaluation_id === evaluationId,
    isNew: row.is_new === 1,
  }));
  return Map.groupBy(candidates, ({ name }) => name);
}

/** The ids by job. */
async function insertBuilds(
  connection: Connection,
  jobsetId: number,
  jobs: readonly NewBuild[],
  jobId: (job: NewBuild) => number,
  at: number,
): Promise<ReadonlyMap<number, number>> {
  const { db } = connection;
  const rows = jobs.map((job) => ({
    jobset_id: jobsetId,
    job_id: jobId(job),
    nix_name: job.nixName,
    drv_path: job.drvPath,
    description: job.description,
    license: job.license,
    homepage: job.homepage,
    maintainers: job.maintainers,
    max_silent: job.maxSilent,
    timeout: job.timeout,
    is_channel: flag(job.isChannel),
    priority: job.priority,
    queued_at: at,
  }));
  const ids = new Map<number, number>();
  for (const chunk of chunks(rows)) {
    const made = await db.insertInto('builds').values(chunk).returning(['id', 'job_id']).execute();
    for (const row of made) ids.set(row.job_id, row.id);
  }
  await insertRows(
    connection,
    'build_outputs',
    jobs.flatMap((job) =>
      Object.entries(job.outputs).map(([name, path]) => ({
        build_id: ids.get(jobId(job)) ?? lost(job),
        name,
        path,
      })),
    ),
  );
  const perSystem = Map.groupBy(jobs, ({ system }) => system);
  for (const [system, { length }] of [...perSystem].sort(([a], [b]) => (a < b ? -1 : 1))) {
    await db
      .insertInto('queued_per_hour')
      .values({ hour: Math.floor(at / hourMs), jobset_id: jobsetId, system, builds: length })
      .onConflict((conflict) =>
        conflict
          .columns(['hour', 'jobset_id', 'system'])
          .doUpdateSet({ builds: sql`queued_per_hour.builds + excluded.builds` }),
      )
      .execute();
  }
  return ids;
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

function lost(job: NewBuild): never {
  throw new TypeError(`the row of job ${job.job} is gone within its transaction`);
}
