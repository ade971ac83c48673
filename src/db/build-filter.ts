/** What a filter of builds means as a condition, and how many finished builds there are of it. */

import { type Expression, type SqlBool, sql } from 'kysely';
import type { Connection } from './connection.ts';
import type { BuildFilter } from './database.ts';
import { inIds } from './in-list.ts';

/** Up to as many builds are better sorted than looked for along an index of more. */
const fewBuilds = 5000;

export interface FoundBuilds {
  /** On rows of `builds`. */
  readonly condition: Expression<SqlBool>;
  readonly finished: number;
  /** They lie so far apart that the index of all builds is no way to find them. */
  readonly isScattered: boolean;
}

export async function findBuilds(connection: Connection, filter: BuildFilter): Promise<FoundBuilds> {
  return filter.job === undefined ? findByJobset(connection, filter) : findByJob(connection, filter);
}

async function findByJob(
  { db, dialect }: Connection,
  { project, jobset, job, system }: BuildFilter,
): Promise<FoundBuilds> {
  const jobs = await db
    .selectFrom('jobs as j')
    .innerJoin('jobsets as s', 's.id', 'j.jobset_id')
    .innerJoin('projects as p', 'p.id', 's.project_id')
    .select(['j.id', 'j.finished'])
    .where('j.name', '=', job ?? '')
    .$if(project !== undefined, (query) => query.where('p.name', '=', project ?? ''))
    .$if(jobset !== undefined, (query) => query.where('s.name', '=', jobset ?? ''))
    .$if(system !== undefined, (query) => query.where('j.system', '=', system ?? ''))
    .execute();
  return found(dialect, 'job_id', jobs);
}

async function findByJobset(
  { db, dialect }: Connection,
  { project, jobset, system }: BuildFilter,
): Promise<FoundBuilds> {
  const jobsets = await db
    .selectFrom('finished_builds as f')
    .innerJoin('jobsets as s', 's.id', 'f.jobset_id')
    .innerJoin('projects as p', 'p.id', 's.project_id')
    .select(['s.id', sql<number>`sum(f.builds)`.as('finished')])
    .$if(project !== undefined, (query) => query.where('p.name', '=', project ?? ''))
    .$if(jobset !== undefined, (query) => query.where('s.name', '=', jobset ?? ''))
    .$if(system !== undefined, (query) => query.where('f.system', '=', system ?? ''))
    .groupBy('s.id')
    .execute();
  const ofJobsets = found(dialect, 'jobset_id', jobsets);
  const isOfAll = project === undefined && jobset === undefined;
  const condition = isOfAll ? sql<SqlBool>`1 = 1` : ofJobsets.condition;
  if (system === undefined)
    return { ...ofJobsets, condition, isScattered: ofJobsets.isScattered && !isOfAll };
  const isScattered = ofJobsets.finished <= fewBuilds;
  // Looked up for each build, or once for all.
  const ofSystem = isScattered
    ? sql<SqlBool>`job_id in (select j.id from jobs j where j.system = ${system} and j.finished > 0)`
    : sql<SqlBool>`exists (select 1 from jobs j where j.id = job_id and j.system = ${system})`;
  return { condition: sql<SqlBool>`${condition} and ${ofSystem}`, finished: ofJobsets.finished, isScattered };
}

/** Builds of these jobs or jobsets. */
function found(
  dialect: Connection['dialect'],
  column: 'job_id' | 'jobset_id',
  owners: readonly { readonly id: number; readonly finished: number }[],
): FoundBuilds {
  const finished = owners.reduce((sum, owner) => sum + owner.finished, 0);
  const [first] = owners;
  // With one value both engines know that an index gives its builds in order.
  if (first !== undefined && owners.length === 1)
    return { condition: sql<SqlBool>`${sql.ref(column)} = ${first.id}`, finished, isScattered: false };
  const ids = owners.map(({ id }) => id);
  return { condition: inIds(dialect, column, ids), finished, isScattered: finished <= fewBuilds };
}
