/** What a filter of builds means: everything, or all builds of some jobsets, or of some jobs; and how many are finished. */

import { type Expression, type SqlBool, sql } from 'kysely';
import type { Connection } from './connection.ts';
import type { BuildFilter } from './database.ts';
import { inIds } from './in-list.ts';

export interface FoundBuilds {
  /** On rows of `builds`. */
  readonly condition: Expression<SqlBool>;
  /** How many jobsets or jobs the condition names: builds of one are in order by themselves. */
  readonly owners: number;
  readonly finished: number;
}

export async function findBuilds(
  { db, dialect }: Connection,
  { project, jobset, job, system }: BuildFilter,
): Promise<FoundBuilds> {
  const isOfJobs = job !== undefined || system !== undefined;
  const owner = isOfJobs ? 'j.id' : 's.id';
  const owners = await db
    .selectFrom('jobs as j')
    .innerJoin('jobsets as s', 's.id', 'j.jobset_id')
    .innerJoin('projects as p', 'p.id', 's.project_id')
    .select([owner, sql<number>`sum(j.finished)`.as('finished')])
    .$if(project !== undefined, (query) => query.where('p.name', '=', project ?? ''))
    .$if(jobset !== undefined, (query) => query.where('s.name', '=', jobset ?? ''))
    .$if(job !== undefined, (query) => query.where('j.name', '=', job ?? ''))
    .$if(system !== undefined, (query) => query.where('j.system', '=', system ?? ''))
    .groupBy(owner)
    .execute();
  const isOfAll = !isOfJobs && project === undefined && jobset === undefined;
  return {
    condition: isOfAll ? sql<SqlBool>`1 = 1` : condition(isOfJobs ? 'job_id' : 'jobset_id'),
    owners: owners.length,
    finished: owners.reduce((sum, { finished }) => sum + finished, 0),
  };

  function condition(column: 'job_id' | 'jobset_id'): Expression<SqlBool> {
    const [first] = owners;
    // With one value both engines know that an index gives the builds in order.
    return owners.length === 1 && first !== undefined
      ? sql<SqlBool>`${sql.ref(column)} = ${first.id}`
      : inIds(
          dialect,
          column,
          owners.map(({ id }) => id),
        );
  }
}
