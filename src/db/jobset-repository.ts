/**
 * Jobsets with their inputs.
 *
 * A trigger is pending from `trigger` until an evaluation that began after it has been `checked`. One that comes while
 * an evaluation is under way belongs to the next: it outlives that evaluation's end.
 */

import { sql } from 'kysely';
import { AppError } from '../util/app-error.ts';
import type { Connection } from './connection.ts';
import type { JobsetRepository } from './database.ts';
import { deleteJobset } from './delete-jobset.ts';
import { flag } from './flag.ts';
import { inIds } from './in-list.ts';
import type { EvaluationCounts, JobsetInputRecord, JobsetRecord, JobsetSettings } from './records.ts';
import { jobsetState } from './records.ts';
import { mustExist, orTaken } from './taken.ts';

const columns = [
  's.id',
  's.project_id as projectId',
  'p.name as project',
  's.name',
  's.description',
  's.type',
  's.nix_expr_input as nixExprInput',
  's.nix_expr_path as nixExprPath',
  's.flake',
  's.state',
  's.hidden',
  's.enable_email as enableEmail',
  's.email_override as emailOverride',
  's.keep_evaluations as keepEvaluations',
  's.check_interval as checkInterval',
  's.scheduling_shares as schedulingShares',
  's.allow_import_from_derivation as allowImportFromDerivation',
  's.enable_dynamic_run_command as enableDynamicRunCommand',
  's.triggered_at as triggeredAt',
  's.force_evaluation as forceEvaluation',
  's.started_at as startedAt',
  's.last_checked_at as lastCheckedAt',
  's.error_message as errorMessage',
  's.error_at as errorAt',
  's.fetch_error_message as fetchErrorMessage',
] as const;

export function createJobsetRepository(connection: Connection): JobsetRepository {
  const { db } = connection;
  const select = () =>
    db.selectFrom('jobsets as s').innerJoin('projects as p', 'p.id', 's.project_id').select(columns);

  async function records(query: ReturnType<typeof select>): Promise<readonly JobsetRecord[]> {
    const rows = await query.orderBy('p.name').orderBy('s.name').execute();
    const inputs = await inputsOf(
      connection,
      rows.map(({ id }) => id),
    );
    return rows.map((row) => ({
      ...row,
      hidden: row.hidden === 1,
      enableEmail: row.enableEmail === 1,
      allowImportFromDerivation: row.allowImportFromDerivation === 1,
      enableDynamicRunCommand: row.enableDynamicRunCommand === 1,
      forceEvaluation: row.forceEvaluation === 1,
      inputs: inputs.get(row.id) ?? [],
    }));
  }

  return {
    list: (projectId) =>
      records(
        select().$if(projectId !== undefined, (query) => query.where('s.project_id', '=', projectId ?? 0)),
      ),
    async find(project, name) {
      const [record] = await records(select().where('p.name', '=', project).where('s.name', '=', name));
      return record;
    },
    async get(id) {
      const [record] = await records(select().where('s.id', '=', id));
      return record;
    },
    async renamedTo(project, oldName) {
      const row = await db
        .selectFrom('jobset_renames as r')
        .innerJoin('jobsets as s', 's.id', 'r.jobset_id')
        .innerJoin('projects as p', 'p.id', 's.project_id')
        .select('s.name')
        .where('p.name', '=', project)
        .where('r.old_name', '=', oldName)
        .executeTakeFirst();
      return row?.name;
    },
    create: (projectId, settings) =>
      connection.transaction(async (inside) => {
        const { id } = await orTaken(`a jobset named '${settings.name}' in that project`, () =>
          inside.db
            .insertInto('jobsets')
            .values({ project_id: projectId, ...values(settings) })
            .returning('id')
            .executeTakeFirstOrThrow(),
        );
        await forgetRename(inside, projectId, settings.name);
        await replaceInputs(inside, id, settings.inputs);
        const record = await createJobsetRepository(inside).get(id);
        if (record === undefined)
          throw new AppError('db.missing', `there is no project ${projectId} any more`);
        return record;
      }),
    update: (id, settings) =>
      connection.transaction(async (inside) => {
        const old = await inside.db
          .selectFrom('jobsets')
          .select(['project_id', 'name'])
          .where('id', '=', id)
          .executeTakeFirst();
        if (old === undefined) throw new AppError('db.missing', `there is no jobset ${id} any more`);
        await orTaken(`a jobset named '${settings.name}' in that project`, () =>
          inside.db.updateTable('jobsets').set(values(settings)).where('id', '=', id).execute(),
        );
        if (old.name !== settings.name) {
          await forgetRename(inside, old.project_id, settings.name);
          await inside.db
            .insertInto('jobset_renames')
            .values({ project_id: old.project_id, old_name: old.name, jobset_id: id })
            .execute();
        }
        await replaceInputs(inside, id, settings.inputs);
      }),
    delete: (id) => connection.transaction((inside) => deleteJobset(inside, id)),
    async trigger(id, at, { force = false } = {}) {
      const pending = sql<boolean>`triggered_at is not null and (started_at is null or triggered_at > started_at)`;
      const changed = await db
        .updateTable('jobsets')
        .set({
          // Asked for in the same millisecond as an evaluation began, it would be taken for that one's.
          triggered_at: sql`case when ${pending} then triggered_at when ${at} <= started_at then started_at + 1 else ${at} end`,
          force_evaluation: sql`case when ${pending} and force_evaluation = 1 then 1 else ${flag(force)} end`,
        })
        .where('id', '=', id)
        .executeTakeFirst();
      mustExist(changed, `jobset ${id}`);
    },
    async markStarted(id, at) {
      await db.updateTable('jobsets').set({ started_at: at }).where('id', '=', id).execute();
    },
    async checked(id, { at, errorMessage, fetchErrorMessage, completed }) {
      const taken = sql<boolean>`triggered_at <= coalesce(started_at, ${at})`;
      await db
        .updateTable('jobsets')
        .set({
          started_at: null,
          last_checked_at: at,
          triggered_at: sql`case when ${taken} then null else triggered_at end`,
          force_evaluation: sql`case when ${taken} then 0 else force_evaluation end`,
          ...(errorMessage === undefined
            ? {}
            : { error_message: errorMessage, error_at: errorMessage === null ? null : at }),
          ...(fetchErrorMessage === undefined ? {} : { fetch_error_message: fetchErrorMessage }),
          ...(completed
            ? {
                state: sql`case when state = ${jobsetState.oneShot} then ${jobsetState.disabled} else state end`,
              }
            : {}),
        })
        .where('id', '=', id)
        .execute();
    },
    async setError(id, errorMessage, at) {
      await db
        .updateTable('jobsets')
        .set({ error_message: errorMessage, error_at: errorMessage === null ? null : at })
        .where('id', '=', id)
        .execute();
    },
    async counts(projectId) {
      const rows = await db
        .selectFrom('jobsets as s')
        .leftJoin('evaluations as e', 'e.id', 's.current_evaluation_id')
        .select(['s.id', 'e.total', 'e.scheduled', 'e.succeeded', 'e.failed'])
        .$if(projectId !== undefined, (query) => query.where('s.project_id', '=', projectId ?? 0))
        .execute();
      return new Map<number, EvaluationCounts>(
        rows.map(({ id, total, scheduled, succeeded, failed }) => [
          id,
          { total: total ?? 0, scheduled: scheduled ?? 0, succeeded: succeeded ?? 0, failed: failed ?? 0 },
        ]),
      );
    },
  };
}

function values(settings: JobsetSettings) {
  return {
    name: settings.name,
    description: settings.description,
    type: settings.type,
    nix_expr_input: settings.nixExprInput,
    nix_expr_path: settings.nixExprPath,
    flake: settings.flake,
    state: settings.state,
    hidden: flag(settings.hidden),
    enable_email: flag(settings.enableEmail),
    email_override: settings.emailOverride,
    keep_evaluations: settings.keepEvaluations,
    check_interval: settings.checkInterval,
    scheduling_shares: settings.schedulingShares,
    allow_import_from_derivation: flag(settings.allowImportFromDerivation),
    enable_dynamic_run_command: flag(settings.enableDynamicRunCommand),
  };
}

async function inputsOf(
  { db, dialect }: Connection,
  ids: readonly number[],
): Promise<ReadonlyMap<number, readonly JobsetInputRecord[]>> {
  const rows = await db
    .selectFrom('jobset_inputs')
    .select(['jobset_id', 'name', 'type', 'value', 'email_responsible'])
    .where(inIds(dialect, 'jobset_id', ids))
    .orderBy('jobset_id')
    .orderBy('position')
    .execute();
  const byJobset = Map.groupBy(rows, (row) => row.jobset_id);
  return new Map(
    byJobset.entries().map(([id, rows]) => [
      id,
      rows.map(({ name, type, value, email_responsible }) => ({
        name,
        type,
        value,
        emailResponsible: email_responsible === 1,
      })),
    ]),
  );
}

async function replaceInputs(
  { db }: Connection,
  id: number,
  inputs: readonly JobsetInputRecord[],
): Promise<void> {
  await db.deleteFrom('jobset_inputs').where('jobset_id', '=', id).execute();
  if (inputs.length === 0) return;
  const rows = inputs.map(({ name, type, value, emailResponsible }, position) => ({
    jobset_id: id,
    position,
    name,
    type,
    value,
    email_responsible: flag(emailResponsible),
  }));
  await orTaken('an input of the same name in the jobset', () =>
    db.insertInto('jobset_inputs').values(rows).execute(),
  );
}

/** A name that is in use leads nowhere else. */
async function forgetRename({ db }: Connection, projectId: number, name: string): Promise<void> {
  await db
    .deleteFrom('jobset_renames')
    .where('project_id', '=', projectId)
    .where('old_name', '=', name)
    .execute();
}
