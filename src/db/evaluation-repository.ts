/** Evaluations: from `begin` over `addJobs` to `finish`, and reading them with their builds. */

import { sql } from 'kysely';
import { AppError } from '../util/app-error.ts';
import { addJobs } from './add-jobs.ts';
import { buildsByIds } from './build-rows.ts';
import type { Connection } from './connection.ts';
import type { EvaluationRepository } from './database.ts';
import { evaluationsByIds } from './evaluation-rows.ts';
import { finishEvaluation } from './finish-evaluation.ts';
import { inIds } from './in-list.ts';
import { insertRows } from './insert-rows.ts';
import type { EvaluationRecord } from './records.ts';

export function createEvaluationRepository(connection: Connection): EvaluationRepository {
  const { db, dialect } = connection;
  const ofJobset = (jobsetId: number) =>
    db
      .selectFrom('evaluations')
      .select('id')
      .where('jobset_id', '=', jobsetId)
      .orderBy('id', 'desc')
      .limit(1);
  const withBuilds = (jobsetId: number) =>
    ofJobset(jobsetId).where('has_new_builds', '=', sql.lit(1)).where('state', '=', 'done');

  async function first(query: ReturnType<typeof ofJobset>): Promise<EvaluationRecord | undefined> {
    const row = await query.executeTakeFirst();
    return row && (await evaluationsByIds(connection, [row.id]))[0];
  }

  const buildIds = async (id: number): Promise<readonly number[]> => {
    const rows = await db
      .selectFrom('evaluation_builds')
      .select('build_id')
      .where('evaluation_id', '=', id)
      .orderBy('build_id')
      .execute();
    return rows.map((row) => row.build_id);
  };

  return {
    async get(id) {
      return (await evaluationsByIds(connection, [id]))[0];
    },
    latest: (jobsetId) => first(ofJobset(jobsetId).where('state', '<>', 'evaluating')),
    latestWithBuilds: (jobsetId, before) =>
      first(before === undefined ? withBuilds(jobsetId) : withBuilds(jobsetId).where('id', '<', before)),
    latestFinished: (jobsetId) => first(withBuilds(jobsetId).where('scheduled', '=', 0)),
    async page({ jobsetId, project }, { offset, limit }) {
      const matching = db
        .selectFrom('evaluations as e')
        .where('e.has_new_builds', '=', sql.lit(1))
        .$if(jobsetId !== undefined, (query) => query.where('e.jobset_id', '=', jobsetId ?? 0))
        .$if(project !== undefined, (query) =>
          query.where('e.jobset_id', 'in', (inner) =>
            inner
              .selectFrom('jobsets as s')
              .innerJoin('projects as p', 'p.id', 's.project_id')
              .select('s.id')
              .where('p.name', '=', project ?? ''),
          ),
        );
      const { total } = await matching
        .select(({ fn }) => fn.countAll<number>().as('total'))
        .executeTakeFirstOrThrow();
      const ids = await matching.select('e.id').orderBy('e.id', 'desc').limit(limit).offset(offset).execute();
      return {
        total,
        rows: await evaluationsByIds(
          connection,
          ids.map(({ id }) => id),
        ),
      };
    },
    begin: (evaluation) =>
      connection.transaction(async (inside) => {
        const { id } = await inside.db
          .insertInto('evaluations')
          .values({
            jobset_id: evaluation.jobsetId,
            state: 'evaluating',
            started_at: evaluation.startedAt,
            checkout_ms: evaluation.checkoutMs,
            input_hash: evaluation.inputHash,
            flake: evaluation.flake,
            nix_expr_input: evaluation.nixExprInput,
            nix_expr_path: evaluation.nixExprPath,
          })
          .returning('id')
          .executeTakeFirstOrThrow();
        const inputs = evaluation.inputs.map(
          ({ name, type, uri, revision, value, dependency, path, sha256 }, position) => ({
            evaluation_id: id,
            position,
            name,
            type,
            uri,
            revision,
            value,
            dependency,
            path,
            sha256,
          }),
        );
        await insertRows(inside, 'evaluation_inputs', inputs);
        return id;
      }),
    addJobs: (evaluationId, jobs, at) => addJobs(connection, evaluationId, jobs, at),
    async addConstituents(aggregateBuildId, constituentBuildIds) {
      const rows = constituentBuildIds.map((id) => ({ aggregate_id: aggregateBuildId, constituent_id: id }));
      if (rows.length === 0) return;
      await connection.transaction(async ({ db }) => {
        // One statement would hit the limit of parameters with a channel's aggregate of all its jobs.
        for (let start = 0; start < rows.length; start += 5000)
          await db
            .insertInto('constituents')
            .values(rows.slice(start, start + 5000))
            .onConflict((conflict) => conflict.doNothing())
            .execute();
      });
    },
    addErrors: (evaluationId, errors) =>
      connection.transaction((inside) =>
        insertRows(
          inside,
          'evaluation_errors',
          errors.map(({ job, message, file, line, column, trace }) => ({
            evaluation_id: evaluationId,
            job,
            message,
            file,
            line,
            column,
            trace,
          })),
        ),
      ),
    errors: (evaluationId) =>
      db
        .selectFrom('evaluation_errors')
        .select(['job', 'message', 'file', 'line', 'column', 'trace'])
        .where('evaluation_id', '=', evaluationId)
        .orderBy('id')
        .execute(),
    finish: (evaluationId, end) =>
      connection.transaction(async (inside) => {
        await finishEvaluation(inside, evaluationId, end);
        const [record] = await evaluationsByIds(inside, [evaluationId]);
        if (record === undefined)
          throw new AppError('db.missing', `there is no evaluation ${evaluationId} any more`);
        return record;
      }),
    async setNetwork(evaluationId, network) {
      await db
        .insertInto('evaluation_networks')
        .values({ evaluation_id: evaluationId, network })
        .onConflict((conflict) => conflict.column('evaluation_id').doUpdateSet({ network }))
        .execute();
    },
    async network(evaluationId) {
      const row = await db
        .selectFrom('evaluation_networks')
        .select('network')
        .where('evaluation_id', '=', evaluationId)
        .executeTakeFirst();
      return row?.network;
    },
    abandonUnfinished: (at, errorMessage) =>
      connection.transaction(async (inside) => {
        const left = await inside.db
          .selectFrom('evaluations')
          .select('id')
          .where('state', '=', 'evaluating')
          .orderBy('id')
          .execute();
        for (const { id } of left)
          await finishEvaluation(inside, id, { state: 'failed', at, evaluationMs: 0, errorMessage });
        await inside.db
          .updateTable('jobsets')
          .set({ started_at: null })
          .where('started_at', 'is not', null)
          .execute();
        return left.length;
      }),
    async counts(ids) {
      const rows = await db
        .selectFrom('evaluations')
        .select(['id', 'total', 'scheduled', 'succeeded', 'failed'])
        .where(inIds(dialect, 'id', ids))
        .execute();
      return new Map(rows.map(({ id, ...counts }) => [id, counts]));
    },
    buildIds,
    async builds(id) {
      return buildsByIds(connection, await buildIds(id));
    },
    async storePaths(id) {
      const rows = await db
        .selectFrom('evaluation_builds as m')
        .innerJoin('builds as b', 'b.id', 'm.build_id')
        .innerJoin('build_outputs as o', 'o.build_id', 'b.id')
        .select('o.path')
        .distinct()
        .where('m.evaluation_id', '=', id)
        .where('b.status', '=', 0)
        .where('o.path', 'is not', null)
        .where((where) =>
          where.exists(
            where
              .selectFrom('build_products as p')
              .select(sql.lit(1).as('one'))
              .whereRef('p.build_id', '=', 'b.id')
              .where('p.type', '=', 'nix-build'),
          ),
        )
        .orderBy('o.path')
        .execute();
      return rows.flatMap(({ path }) => path ?? []);
    },
    async findJob(id, job) {
      const row = await db
        .selectFrom('evaluation_builds')
        .select('build_id')
        .where('evaluation_id', '=', id)
        .where('job_id', 'in', (query) =>
          query
            .selectFrom('jobs as j')
            .innerJoin('evaluations as e', 'e.jobset_id', 'j.jobset_id')
            .select('j.id')
            .where('e.id', '=', id)
            .where('j.name', '=', job),
        )
        .orderBy('build_id', 'desc')
        .executeTakeFirst();
      return row && (await buildsByIds(connection, [row.build_id]))[0];
    },
  };
}
