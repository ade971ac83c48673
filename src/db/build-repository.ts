/** Builds: reading them, and every change of their state. Lists for people are in `build-lists.ts`. */

import { sql } from 'kysely';
import { createBuildDetails } from './build-details.ts';
import { createBuildLists } from './build-lists.ts';
import { buildsByIds } from './build-rows.ts';
import type { BuildStatus } from './build-status.ts';
import type { Connection } from './connection.ts';
import type { BuildRepository, QueuedBuild } from './database.ts';
import { finishBuild } from './finish-build.ts';
import { flag } from './flag.ts';
import { inIds } from './in-list.ts';
import { inPages } from './in-pages.ts';
import { restartBuilds } from './restart-builds.ts';
import { retainedPaths } from './retained-paths.ts';
import { shiftCounts } from './shift-counts.ts';

export function createBuildRepository(connection: Connection): BuildRepository {
  const { db, dialect } = connection;

  async function queuedOf(ids: readonly number[]): Promise<readonly QueuedBuild[]> {
    const rows = await db
      .selectFrom('builds')
      .select([
        'id',
        'jobset_id as jobsetId',
        'drv_path as drvPath',
        'priority',
        'global_priority as globalPriority',
        'max_silent as maxSilent',
        'timeout',
      ])
      .where(inIds(dialect, 'id', ids))
      .where('finished', '=', 0)
      .execute();
    return rows.sort((a, b) => b.globalPriority - a.globalPriority || b.priority - a.priority || a.id - b.id);
  }

  /** Runs a change on those of the builds that are unfinished, whose ids it gives back. */
  const changeUnfinished = (
    ids: readonly number[],
    change: (inside: Connection, ids: readonly number[]) => Promise<void>,
  ): Promise<readonly number[]> =>
    connection.transaction(async (inside) => {
      const rows = await inside.db
        .selectFrom('builds')
        .select('id')
        .where(inIds(dialect, 'id', ids))
        .where('finished', '=', 0)
        .orderBy('id')
        .$if(dialect === 'postgres', (query) => query.forNoKeyUpdate())
        .execute();
      const unfinished = rows.map(({ id }) => id);
      if (unfinished.length > 0) await change(inside, unfinished);
      return unfinished;
    });

  return {
    ...createBuildLists(connection),
    ...createBuildDetails(connection),
    async get(id) {
      return (await buildsByIds(connection, [id]))[0];
    },
    getMany: (ids) => buildsByIds(connection, [...new Set(ids)]),
    async *queued() {
      // All ids at once, so that none is missed when priorities change meanwhile; the rest in pages.
      const rows = await db
        .selectFrom('builds')
        .select('id')
        .where('finished', '=', sql.lit(0))
        .orderBy('global_priority', 'desc')
        .orderBy('priority', 'desc')
        .orderBy('id')
        .execute();
      const ids = rows.map(({ id }) => id);
      for await (const page of inPages(ids)) yield* await queuedOf(page);
    },
    queuedOf,
    async evaluationsOf(id) {
      const rows = await db
        .selectFrom('evaluation_builds')
        .select('evaluation_id')
        .where('build_id', '=', id)
        .orderBy('evaluation_id')
        .execute();
      return rows.map((row) => row.evaluation_id);
    },
    async constituents(id) {
      const rows = await db
        .selectFrom('constituents')
        .select('constituent_id as id')
        .where('aggregate_id', '=', id)
        .orderBy('constituent_id')
        .execute();
      return buildsByIds(
        connection,
        rows.map(({ id }) => id),
      );
    },
    async aggregatesOf(id) {
      const rows = await db
        .selectFrom('constituents')
        .select('aggregate_id as id')
        .where('constituent_id', '=', id)
        .orderBy('aggregate_id')
        .execute();
      return buildsByIds(
        connection,
        rows.map(({ id }) => id),
      );
    },
    products: (id) =>
      db
        .selectFrom('build_products')
        .select([
          'number',
          'type',
          'subtype',
          'name',
          'path',
          'default_path as defaultPath',
          'file_size as fileSize',
          'sha256',
        ])
        .where('build_id', '=', id)
        .orderBy('number')
        .execute(),
    metrics: (id) =>
      db
        .selectFrom('build_metrics')
        .select(['name', 'value', 'unit'])
        .where('build_id', '=', id)
        .orderBy('name')
        .execute(),
    async markStarted(id, at) {
      await db
        .updateTable('builds')
        .set({ started_at: at })
        .where('id', '=', id)
        .where('finished', '=', 0)
        .execute();
    },
    finish: (id, end) => connection.transaction((inside) => finishBuild(inside, id, end)),
    cancel: (ids, at) =>
      changeUnfinished(ids, async (inside, unfinished) => {
        await inside.db
          .updateTable('builds')
          .set({ finished: 1, status: 4, is_cached: 0, started_at: at, stopped_at: at })
          .where(inIds(dialect, 'id', unfinished))
          .execute();
        await shiftCounts(inside, unfinished, 'scheduled', 'failed');
      }),
    restart: (ids) => connection.transaction((inside) => restartBuilds(inside, ids)),
    bump: (ids, globalPriority) =>
      changeUnfinished(ids, async (inside, unfinished) => {
        await inside.db
          .updateTable('builds')
          .set({ global_priority: globalPriority })
          .where(inIds(dialect, 'id', unfinished))
          .execute();
      }),
    async setKeep(id, keep) {
      await db
        .updateTable('builds')
        .set({ keep: flag(keep) })
        .where('id', '=', id)
        .execute();
    },
    async nonCurrentUnfinished() {
      const rows = await db
        .selectFrom('builds as b')
        .innerJoin('jobsets as s', 's.id', 'b.jobset_id')
        .select('b.id')
        .where('b.finished', '=', sql.lit(0))
        .where((where) =>
          where.not(
            where.exists(
              where
                .selectFrom('evaluation_builds as m')
                .select(sql.lit(1).as('one'))
                .whereRef('m.build_id', '=', 'b.id')
                .whereRef('m.evaluation_id', '=', 's.current_evaluation_id'),
            ),
          ),
        )
        .execute();
      return rows.map(({ id }) => id).sort((a, b) => a - b);
    },
    async idsOfEvaluation(evaluationId, statuses) {
      const rows = await db
        .selectFrom('evaluation_builds as m')
        .innerJoin('builds as b', 'b.id', 'm.build_id')
        .select(['b.id', 'b.status'])
        .where('m.evaluation_id', '=', evaluationId)
        .orderBy('b.id')
        .execute();
      const wanted = new Set<BuildStatus | null>(statuses);
      return rows.flatMap(({ id, status }) => (wanted.has(status) ? id : []));
    },
    retained: (now) => retainedPaths(connection, now),
  };
}
