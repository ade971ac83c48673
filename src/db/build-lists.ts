/**
 * Lists of builds for people. All must answer quickly with millions of builds: ids are found along an index, rows are
 * fetched by id, and totals are kept (`shift-counts.ts`), not counted.
 */

import { sql } from 'kysely';
import { type FoundBuilds, findBuilds } from './build-filter.ts';
import { buildsByIds } from './build-rows.ts';
import type { Connection } from './connection.ts';
import type { BuildFilter, BuildRepository } from './database.ts';
import type { BuildRecord } from './records.ts';

type BuildLists = Pick<
  BuildRepository,
  | 'countUnfinished'
  | 'queue'
  | 'running'
  | 'latest'
  | 'countsPer'
  | 'page'
  | 'latestSucceeded'
  | 'latestOfFinishedEvaluation'
  | 'byOutputPath'
  | 'byDrvPath'
  | 'searchJobs'
>;

const hoursPer = { hour: 1, day: 24 } as const;
const hourMs = 3_600_000;

export function createBuildLists(connection: Connection): BuildLists {
  const { db } = connection;

  async function read(query: IdQuery): Promise<readonly BuildRecord[]> {
    return buildsByIds(connection, await idsOf(query));
  }

  /** Finished ones, newest first. */
  async function newest(found: FoundBuilds, offset: number, limit: number): Promise<readonly BuildRecord[]> {
    const length = Math.min(limit, found.finished - offset);
    if (length <= 0) return [];
    // An offset is walked, so what is nearer to the oldest is counted from there.
    const fromOldest = found.finished - offset - length;
    const isOld = fromOldest < offset;
    // Adding nothing to the id keeps engines from walking the index of all builds in search of a few.
    const order = found.isScattered ? sql`id + 0` : sql`id`;
    const ids = await idsOf(
      db
        .selectFrom('builds')
        .select('id')
        .where('finished', '=', sql.lit(1))
        .where(found.condition)
        .orderBy(order, isOld ? 'asc' : 'desc')
        .offset(isOld ? fromOldest : offset)
        .limit(length),
    );
    return buildsByIds(connection, isOld ? ids.toReversed() : ids);
  }

  const good = ({ condition }: FoundBuilds) =>
    db.selectFrom('builds as b').select('b.id').where(condition).where('b.status', '=', sql.lit(0));

  return {
    async countUnfinished() {
      const { count } = await db
        .selectFrom('builds')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('finished', '=', sql.lit(0))
        .executeTakeFirstOrThrow();
      return count;
    },
    queue: (limit) =>
      read(
        db
          .selectFrom('builds')
          .select('id')
          .where('finished', '=', sql.lit(0))
          .orderBy('global_priority', 'desc')
          .orderBy('priority', 'desc')
          .orderBy('id')
          .limit(limit),
      ),
    running: () =>
      read(
        db
          .selectFrom('steps')
          .select('build_id as id')
          .distinct()
          .where('status', 'is', null)
          .orderBy('build_id'),
      ),
    async latest(filter, limit) {
      return newest(await findBuilds(connection, filter), 0, limit);
    },
    async page(filter, { offset, limit }) {
      const found = await findBuilds(connection, filter);
      return { rows: await newest(found, offset, limit), total: found.finished };
    },
    countsPer: (period, filter, limit) => countsPer(connection, period, filter, limit),
    async latestSucceeded(filter) {
      const found = await findBuilds(connection, filter);
      return (await read(good(found).orderBy('b.id', 'desc').limit(1)))[0];
    },
    async latestOfFinishedEvaluation(filter) {
      const found = await findBuilds(connection, filter);
      const ofFinished = good(found).where((where) =>
        where.exists(
          where
            .selectFrom('evaluation_builds as m')
            .innerJoin('evaluations as e', 'e.id', 'm.evaluation_id')
            .select(sql.lit(1).as('one'))
            .whereRef('m.build_id', '=', 'b.id')
            .where('e.state', '=', 'done')
            .where('e.scheduled', '=', 0),
        ),
      );
      return (await read(ofFinished.orderBy('b.id', 'desc').limit(1)))[0];
    },
    byOutputPath: (path, limit) =>
      read(
        db
          .selectFrom('build_outputs')
          .select('build_id as id')
          .distinct()
          .where('path', '=', path)
          .orderBy('build_id', 'desc')
          .limit(limit),
      ),
    byDrvPath: (path, limit) =>
      read(
        db.selectFrom('builds').select('id').where('drv_path', '=', path).orderBy('id', 'desc').limit(limit),
      ),
    searchJobs: (text, limit) => read(searchJobs(connection, text, limit)),
  };
}

interface IdQuery {
  execute(): Promise<readonly { readonly id: number }[]>;
}

async function idsOf(query: IdQuery): Promise<readonly number[]> {
  return (await query.execute()).map(({ id }) => id);
}

/** The newest build of each job that has one, jobs by name. */
function searchJobs({ db, dialect }: Connection, text: string, limit: number) {
  const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`;
  const like = sql.raw(dialect === 'postgres' ? 'ilike' : 'like');
  return db
    .selectFrom('jobs as j')
    .select(sql<number>`(select max(b.id) from builds b where b.job_id = j.id)`.as('id'))
    .where(sql<boolean>`j.name ${like} ${pattern} escape '\\'`)
    .orderBy('j.name')
    .orderBy('j.id')
    .limit(limit);
}

async function countsPer(
  connection: Connection,
  period: 'hour' | 'day',
  filter: BuildFilter,
  limit: number,
): Promise<readonly { readonly startAt: number; readonly count: number }[]> {
  const { db } = connection;
  const hours = hoursPer[period];
  const start = sql<number>`hour / ${sql.lit(hours)}`;
  if (filter.job === undefined) {
    const rows = await db
      .selectFrom('queued_per_hour as q')
      .innerJoin('jobsets as s', 's.id', 'q.jobset_id')
      .innerJoin('projects as p', 'p.id', 's.project_id')
      .select([start.as('start'), sql<number>`sum(q.builds)`.as('count')])
      .$if(filter.project !== undefined, (query) => query.where('p.name', '=', filter.project ?? ''))
      .$if(filter.jobset !== undefined, (query) => query.where('s.name', '=', filter.jobset ?? ''))
      .$if(filter.system !== undefined, (query) => query.where('q.system', '=', filter.system ?? ''))
      .groupBy(start)
      .orderBy(start, 'desc')
      .limit(limit)
      .execute();
    return rows.map((row) => ({ startAt: row.start * hours * hourMs, count: row.count }));
  }
  const { condition } = await findBuilds(connection, filter);
  const ofBuild = sql<number>`queued_at / ${sql.lit(hours * hourMs)}`;
  const rows = await db
    .selectFrom('builds')
    .select([ofBuild.as('start'), sql<number>`count(*)`.as('count')])
    .where(condition)
    .groupBy(ofBuild)
    .orderBy(ofBuild, 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ startAt: row.start * hours * hourMs, count: row.count }));
}
