/**
 * What must not be garbage-collected (hydra.md §1.3): of an unfinished build the derivation and the outputs that may
 * be there already; of a good one (0 or 6) the outputs; of any that is not a success the derivation, so that it can be
 * restarted.
 *
 * - unfinished builds;
 * - builds that somebody pinned;
 * - builds of evaluations that are not over, and of the newest `keepEvaluations` finished ones of each jobset;
 * - the newest good build of each job of a current evaluation;
 * - what each host runs since its last successful rollout, and what it ran before;
 * - what a rollout that has not ended brings to its hosts, and what they go back to.
 *
 * Of jobsets that are given up nothing but what is unfinished, being evaluated or pinned: disabled, hidden (or their
 * project is), and not checked for a week.
 */

import { sql } from 'kysely';
import { outputsOf } from './build-rows.ts';
import type { Connection } from './connection.ts';
import type { RetainedPath } from './database.ts';
import { inIds } from './in-list.ts';
import { inPages } from './in-pages.ts';
import { jobsetState } from './records.ts';

type Reason = RetainedPath['reason'];

const givenUpAfterMs = 7 * 86_400_000;

export async function* retainedPaths(connection: Connection, now: number): AsyncGenerator<RetainedPath> {
  const { db } = connection;
  const ids = async (query: { execute(): Promise<readonly { readonly id: number }[]> }) =>
    (await query.execute()).map(({ id }) => id);

  const givenUp = await givenUpJobsets(connection, now);

  const unfinished = db.selectFrom('builds').select('id').where('finished', '=', sql.lit(0)).orderBy('id');
  yield* pathsOf(connection, await ids(unfinished), () => ({ type: 'unfinished' }));

  const pinned = db.selectFrom('builds').select('id').where('keep', '=', sql.lit(1)).orderBy('id');
  yield* pathsOf(connection, await ids(pinned), () => ({ type: 'pinned' }));

  for (const evaluationId of await keptEvaluations(connection, givenUp)) {
    const members = db
      .selectFrom('evaluation_builds')
      .select('build_id as id')
      .where('evaluation_id', '=', evaluationId)
      .orderBy('build_id');
    yield* pathsOf(connection, await ids(members), () => ({ type: 'kept-evaluation', evaluationId }));
  }

  const good = await latestGood(connection, givenUp);
  yield* pathsOf(connection, [...good.keys()], (id) => ({ type: 'latest-good', job: good.get(id) ?? '' }));

  yield* await systemsOfHosts(connection);
  yield* await systemsOfRollouts(connection);
}

async function systemsOfHosts({ db }: Connection): Promise<readonly RetainedPath[]> {
  const hosts = await db
    .selectFrom('hosts')
    .select(['project', 'name', 'system', 'previous_system'])
    .orderBy('project')
    .orderBy('name')
    .execute();
  return hosts.flatMap(({ project, name, system, previous_system }) =>
    [system, previous_system].flatMap((path) =>
      path === null ? [] : { path, buildId: null, reason: { type: 'host' as const, project, host: name } },
    ),
  );
}

async function systemsOfRollouts({ db }: Connection): Promise<readonly RetainedPath[]> {
  const hosts = await db
    .selectFrom('rollout_hosts as h')
    .innerJoin('rollouts as r', 'r.id', 'h.rollout_id')
    .select(['r.id', 'h.toplevel', 'h.previous'])
    .where('r.state', '<>', 'ended')
    .orderBy('r.id')
    .orderBy('h.position')
    .execute();
  return hosts.flatMap(({ id, toplevel, previous }) =>
    [toplevel, previous].flatMap((path) =>
      path === null ? [] : { path, buildId: null, reason: { type: 'rollout' as const, rollout: id } },
    ),
  );
}

async function givenUpJobsets({ db }: Connection, now: number): Promise<ReadonlySet<number>> {
  const rows = await db
    .selectFrom('jobsets as s')
    .innerJoin('projects as p', 'p.id', 's.project_id')
    .select('s.id')
    .where('s.state', '=', jobsetState.disabled)
    .where((where) => where.or([where('s.hidden', '=', 1), where('p.hidden', '=', 1)]))
    .where((where) =>
      where.or([
        where('s.last_checked_at', 'is', null),
        where('s.last_checked_at', '<', now - givenUpAfterMs),
      ]),
    )
    .execute();
  return new Set(rows.map(({ id }) => id));
}

async function keptEvaluations({ db }: Connection, givenUp: ReadonlySet<number>): Promise<readonly number[]> {
  const rows = await db
    .selectFrom('evaluations as e')
    .innerJoin('jobsets as s', 's.id', 'e.jobset_id')
    .select(['e.id', 'e.jobset_id', 'e.state', 'e.scheduled', 's.keep_evaluations'])
    .where((where) =>
      where.or([
        where('e.has_new_builds', '=', 1),
        where('e.scheduled', '>', 0),
        where('e.state', '=', 'evaluating'),
      ]),
    )
    .orderBy('e.id', 'desc')
    .execute();
  const left = new Map(rows.map((row) => [row.jobset_id, row.keep_evaluations]));
  return rows.flatMap((row) => {
    if (row.state === 'evaluating') return row.id;
    if (givenUp.has(row.jobset_id)) return [];
    if (row.scheduled > 0) return row.id;
    const keep = left.get(row.jobset_id) ?? 0;
    if (row.state !== 'done' || keep === 0) return [];
    left.set(row.jobset_id, keep - 1);
    return row.id;
  });
}

/** The name of the job by the id of the build. */
async function latestGood(
  { db }: Connection,
  givenUp: ReadonlySet<number>,
): Promise<ReadonlyMap<number, string>> {
  const newest = sql<number | null>`(
    select max(b.id) from builds b where b.job_id = j.id and b.status in (0, 6)
  )`;
  const rows = await db
    .selectFrom('jobsets as s')
    .innerJoin('evaluation_builds as m', 'm.evaluation_id', 's.current_evaluation_id')
    .innerJoin('jobs as j', 'j.id', 'm.job_id')
    .select(['s.id as jobset', 'j.name', newest.as('id')])
    .execute();
  return new Map(
    rows.flatMap(({ id, jobset, name }) => (id === null || givenUp.has(jobset) ? [] : [[id, name] as const])),
  );
}

async function* pathsOf(
  connection: Connection,
  ids: readonly number[],
  reason: (buildId: number) => Reason,
): AsyncGenerator<RetainedPath> {
  const { db, dialect } = connection;
  for await (const page of inPages(ids)) {
    const builds = await db
      .selectFrom('builds')
      .select(['id', 'drv_path', 'finished', 'status'])
      .where(inIds(dialect, 'id', page))
      .orderBy('id')
      .execute();
    const outputs = await outputsOf(connection, page);
    for (const { id, drv_path, finished, status } of builds) {
      if (status !== 0) yield { path: drv_path, buildId: id, reason: reason(id) };
      if (finished === 1 && status !== 0 && status !== 6) continue;
      for (const path of Object.values(outputs.get(id) ?? {})) {
        if (path !== null) yield { path, buildId: id, reason: reason(id) };
      }
    }
  }
}
