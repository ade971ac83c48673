/** What a filter of builds means: which jobs, or a whole jobset, or everything; and how many finished builds that is. */

import type { RawBuilder } from 'kysely';
import { sql } from 'kysely';
import type { Connection } from './connection.ts';
import type { BuildFilter } from './database.ts';

export type FoundJobs =
  | { readonly type: 'all'; readonly finished: number }
  | { readonly type: 'jobset'; readonly id: number; readonly finished: number }
  | {
      readonly type: 'jobs';
      /** For `job_id in …`. */
      readonly ids: RawBuilder<number>;
      readonly finished: number;
    };

export async function findJobs({ db, dialect }: Connection, filter: BuildFilter): Promise<FoundJobs> {
  const { project, jobset, job, system } = filter;
  const matching = db
    .selectFrom('jobs as j')
    .innerJoin('jobsets as s', 's.id', 'j.jobset_id')
    .innerJoin('projects as p', 'p.id', 's.project_id')
    .$if(project !== undefined, (query) => query.where('p.name', '=', project ?? ''))
    .$if(jobset !== undefined, (query) => query.where('s.name', '=', jobset ?? ''))
    .$if(job !== undefined, (query) => query.where('j.name', '=', job ?? ''))
    .$if(system !== undefined, (query) => query.where('j.system', '=', system ?? ''));
  if (job === undefined && system === undefined) {
    const rows = await matching
      .select(['s.id', sql<number>`sum(j.finished)`.as('finished')])
      .groupBy('s.id')
      .execute();
    const total = rows.reduce((sum, { finished }) => sum + finished, 0);
    if (project === undefined && jobset === undefined) return { type: 'all', finished: total };
    const [first] = rows;
    if (rows.length === 1 && first !== undefined) return { type: 'jobset', id: first.id, finished: total };
  }
  const rows = await matching.select(['j.id', 'j.finished']).execute();
  const ids = rows.map(({ id }) => id);
  return {
    type: 'jobs',
    ids:
      dialect === 'postgres'
        ? sql<number>`(select unnest(${ids}::bigint[]))`
        : sql<number>`(select value from json_each(${JSON.stringify(ids)}))`,
    finished: rows.reduce((sum, { finished }) => sum + finished, 0),
  };
}
