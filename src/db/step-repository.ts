/** Steps: what was done for a build, attempt by attempt. One that runs has no status. */

import { sql } from 'kysely';
import { AppError } from '../util/app-error.ts';
import { buildStatus, stepPhase } from './build-status.ts';
import type { Connection } from './connection.ts';
import type { StepRepository } from './database.ts';
import { flag } from './flag.ts';
import type { StepRecord } from './records.ts';
import { formatOutputs, parseOutputs } from './step-outputs.ts';

const columns = [
  'build_id as buildId',
  'number',
  'type',
  'drv_path as drvPath',
  'phase',
  'status',
  'error_message as errorMessage',
  'started_at as startedAt',
  'stopped_at as stoppedAt',
  'builder',
  'system',
  'emulated',
  'propagated_from as propagatedFrom',
  'resolved_drv_path as resolvedDrvPath',
  'log_file as logFile',
  'outputs',
] as const;

export function createStepRepository(connection: Connection): StepRepository {
  const { db } = connection;
  const select = () => db.selectFrom('steps').select(columns);

  async function records(query: ReturnType<typeof select>): Promise<readonly StepRecord[]> {
    const rows = await query.execute();
    return rows.map((row) => ({ ...row, emulated: row.emulated === 1, outputs: parseOutputs(row.outputs) }));
  }

  return {
    begin: (step) =>
      connection.transaction(async ({ db }) => {
        const build = await db
          .updateTable('builds')
          .set({ last_step: sql`last_step + 1` })
          .where('id', '=', step.buildId)
          .returning('last_step as number')
          .executeTakeFirst();
        if (build === undefined)
          throw new AppError('db.missing', `there is no build ${step.buildId} any more`);
        await db
          .insertInto('steps')
          .values({
            build_id: step.buildId,
            number: build.number,
            type: step.type,
            drv_path: step.drvPath,
            phase: step.phase,
            started_at: step.startedAt,
            builder: step.builder,
            system: step.system,
            emulated: flag(step.emulated),
            propagated_from: step.propagatedFrom,
            log_file: step.logFile,
            outputs: formatOutputs(step.outputs),
          })
          .execute();
        return build.number;
      }),
    async setPhase(buildId, number, phase) {
      await db
        .updateTable('steps')
        .set({ phase })
        .where('build_id', '=', buildId)
        .where('number', '=', number)
        .where('status', 'is', null)
        .execute();
    },
    async end(buildId, number, end) {
      const { outputs, resolvedDrvPath, logFile, builder, emulated } = end;
      await db
        .updateTable('steps')
        .set({
          status: end.status,
          error_message: end.errorMessage,
          stopped_at: end.stoppedAt,
          phase: stepPhase.idle,
          ...(outputs === undefined ? {} : { outputs: formatOutputs(outputs) }),
          ...(resolvedDrvPath === undefined ? {} : { resolved_drv_path: resolvedDrvPath }),
          ...(logFile === undefined ? {} : { log_file: logFile }),
          ...(builder === undefined ? {} : { builder }),
          ...(emulated === undefined ? {} : { emulated: flag(emulated) }),
        })
        .where('build_id', '=', buildId)
        .where('number', '=', number)
        .execute();
    },
    of: (buildId) => records(select().where('build_id', '=', buildId).orderBy('number')),
    async get(buildId, number) {
      return (await records(select().where('build_id', '=', buildId).where('number', '=', number)))[0];
    },
    running: () => records(select().where('status', 'is', null).orderBy('build_id').orderBy('number')),
    page: ({ offset, limit }) =>
      records(
        select()
          .where('status', 'is not', null)
          .orderBy('stopped_at', 'desc')
          .orderBy('build_id', 'desc')
          .orderBy('number', 'desc')
          .limit(limit)
          .offset(offset),
      ),
    attempts: (drvPath) =>
      records(select().where('drv_path', '=', drvPath).orderBy('build_id', 'desc').orderBy('number', 'desc')),
    async abandonRunning(at, errorMessage) {
      const { numUpdatedRows } = await db
        .updateTable('steps')
        .set({
          status: buildStatus.aborted,
          phase: stepPhase.idle,
          stopped_at: at,
          error_message: errorMessage,
        })
        .where('status', 'is', null)
        .executeTakeFirst();
      return Number(numUpdatedRows);
    },
    async secondsPerJobset(since) {
      const start = sql`case when s.started_at < ${since} then ${since} else s.started_at end`;
      const rows = await db
        .selectFrom('steps as s')
        .innerJoin('builds as b', 'b.id', 's.build_id')
        .select(['b.jobset_id', sql<number>`sum(s.stopped_at - ${start})`.as('ms')])
        .where('s.status', 'is not', null)
        .where('s.stopped_at', '>', since)
        .where('s.started_at', 'is not', null)
        .groupBy('b.jobset_id')
        .execute();
      return new Map(rows.map(({ jobset_id, ms }) => [jobset_id, ms / 1000]));
    },
  };
}
