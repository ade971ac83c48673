/** Builds that jobs of an evaluation may take over (see `add-jobs.ts`). */

import { outputsOf } from './build-rows.ts';
import type { BuildStatus } from './build-status.ts';
import type { Connection } from './connection.ts';
import type { JobIds } from './ensure-jobs.ts';
import { inIds } from './in-list.ts';
import { known } from './known.ts';
import type { NewBuild } from './records.ts';

/** A build that a job of the same name may take over. */
export interface Candidate {
  readonly id: number;
  readonly drvPath: string;
  readonly status: BuildStatus | null;
  readonly firstOutput: string | null;
  /** It belongs to the evaluation that jobs are added to, already. */
  readonly isMember: boolean;
  readonly isNew: boolean;
}

export function isSame(candidate: Candidate, job: NewBuild): boolean {
  const wanted = firstOutput(job.outputs);
  // The output of a content-addressed build becomes known when it is built; what an evaluation knows stays null.
  return wanted === null ? candidate.drvPath === job.drvPath : candidate.firstOutput === wanted;
}

function firstOutput(outputs: Readonly<Record<string, string | null>>): string | null {
  const [first] = Object.keys(outputs).sort();
  return first === undefined ? null : (outputs[first] ?? null);
}

/** By the name of the job, those of this evaluation first, then of newer evaluations first. */
export async function findCandidates(
  connection: Connection,
  jobsetId: number,
  evaluationId: number,
  { names }: JobIds,
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
    name: known(names, row.job_id),
    id: row.id,
    drvPath: row.drvPath,
    status: row.status,
    firstOutput: firstOutput(outputs.get(row.id) ?? {}),
    isMember: row.evaluation_id === evaluationId,
    isNew: row.is_new === 1,
  }));
  return Map.groupBy(candidates, ({ name }) => name);
}
