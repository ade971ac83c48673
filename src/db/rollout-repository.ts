/** Rollouts, their journals and how their hosts fare. */

import type { Selectable } from 'kysely';
import { approveRollout } from './approve-rollout.ts';
import type { Connection } from './connection.ts';
import { insertRows } from './insert-rows.ts';
import type { NewRollout, RolloutChange, RolloutFilter, RolloutRepository } from './rollout-database.ts';
import type { RolloutHostRecord, RolloutRecord } from './rollout-records.ts';
import type { RolloutTable } from './schema.ts';
import { orTaken } from './taken.ts';
import { withoutNul } from './without-nul.ts';

export function createRolloutRepository(connection: Connection): RolloutRepository {
  const { db } = connection;
  const select = () => db.selectFrom('rollouts').selectAll();
  const get = async (id: string): Promise<RolloutRecord | undefined> => {
    const row = await select().where('id', '=', id).executeTakeFirst();
    return row && record(row);
  };

  return {
    create: (rollout) =>
      connection.transaction(async (inside) => {
        const { hosts, entry, ...given } = rollout;
        const row = {
          ...columns(given),
          state: 'planned' as const,
          result: null,
          message: null,
          approved_by: null,
          approved_at: null,
          started_at: null,
          ended_at: null,
        };
        await orTaken(`a rollout ${rollout.id}`, () =>
          inside.db.insertInto('rollouts').values(row).execute(),
        );
        await insertRows(
          inside,
          'rollout_hosts',
          hosts.map(({ host, wave, toplevel }, position) => ({
            rollout_id: rollout.id,
            position,
            host,
            wave,
            toplevel,
            step: null,
            result: null,
            message: null,
            previous: null,
            started_at: null,
            ended_at: null,
          })),
        );
        await inside.db
          .insertInto('rollout_entries')
          .values({ rollout_id: rollout.id, position: 0, entry: withoutNul(entry) })
          .execute();
        return record(row);
      }),
    get,
    async page(filter, { offset, limit }) {
      const matching = narrowed(select(), filter);
      const { total } = await narrowed(
        db.selectFrom('rollouts').select(({ fn }) => fn.countAll<number>().as('total')),
        filter,
      ).executeTakeFirstOrThrow();
      const rows = await matching
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .offset(offset)
        .execute();
      return { total, rows: rows.map(record) };
    },
    async unfinished() {
      const rows = await select()
        .where('state', 'in', ['approved', 'running', 'paused', 'aborting'])
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(record);
    },
    async hosts(id): Promise<readonly RolloutHostRecord[]> {
      return db
        .selectFrom('rollout_hosts')
        .select([
          'host',
          'wave',
          'toplevel',
          'step',
          'result',
          'message',
          'previous',
          'started_at as startedAt',
          'ended_at as endedAt',
        ])
        .where('rollout_id', '=', id)
        .orderBy('position')
        .execute();
    },
    async entries(id) {
      const rows = await db
        .selectFrom('rollout_entries')
        .select('entry')
        .where('rollout_id', '=', id)
        .orderBy('position')
        .execute();
      return rows.map(({ entry }) => entry);
    },
    append: (id, position, entry, change) =>
      connection.transaction(async (inside) => {
        const { numInsertedOrUpdatedRows } = await inside.db
          .insertInto('rollout_entries')
          .values({ rollout_id: id, position, entry: withoutNul(entry) })
          .onConflict((conflict) => conflict.columns(['rollout_id', 'position']).doNothing())
          .executeTakeFirst();
        if (numInsertedOrUpdatedRows === 1n) await applyChange(inside, id, change);
      }),
    approve: (id, by, at) => approveRollout(connection, id, by, at),
    async setState(id, from, to) {
      const { numUpdatedRows } = await db
        .updateTable('rollouts')
        .set({ state: to })
        .where('id', '=', id)
        .where('state', 'in', [...from])
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
    end: (id, from, { result, message, endedAt }) =>
      connection.transaction(async (inside) => {
        const { numUpdatedRows } = await inside.db
          .updateTable('rollouts')
          .set({ state: 'ended', result, message: message && withoutNul(message), ended_at: endedAt })
          .where('id', '=', id)
          .where('state', 'in', [...from])
          .executeTakeFirst();
        if (numUpdatedRows === 0n) return false;
        await release(inside, id);
        return true;
      }),
  };
}

interface Narrowable<Q> {
  where(column: 'project' | 'jobset' | 'state', operator: '=', value: string): Q;
}

function narrowed<Q extends Narrowable<Q>>(query: Q, filter: RolloutFilter): Q {
  let narrow = query;
  for (const column of ['project', 'jobset', 'state'] as const) {
    const value = filter[column];
    if (value !== undefined) narrow = narrow.where(column, '=', value);
  }
  return narrow;
}

async function applyChange(connection: Connection, id: string, change: RolloutChange): Promise<void> {
  const { db } = connection;
  if (change.rollout !== undefined) {
    const { state, result, message, startedAt, endedAt } = change.rollout;
    await db
      .updateTable('rollouts')
      .set((expression) => ({
        ...(state === undefined ? {} : { state }),
        ...(result === undefined ? {} : { result }),
        ...(message === undefined ? {} : { message: message && withoutNul(message) }),
        ...(startedAt === undefined
          ? {}
          : { started_at: expression.fn.coalesce('started_at', expression.val(startedAt)) }),
        ...(endedAt === undefined ? {} : { ended_at: endedAt }),
      }))
      .where('id', '=', id)
      .execute();
  }
  if (change.host !== undefined) {
    const { name, step, result, message, previous, startedAt, endedAt } = change.host;
    await db
      .updateTable('rollout_hosts')
      .set((expression) => ({
        ...(step === undefined ? {} : { step }),
        ...(result === undefined ? {} : { result }),
        ...(message === undefined ? {} : { message: message && withoutNul(message) }),
        ...(previous === undefined ? {} : { previous }),
        // The first time counts: after a crash a host is begun again.
        ...(startedAt === undefined
          ? {}
          : { started_at: expression.fn.coalesce('started_at', expression.val(startedAt)) }),
        ...(endedAt === undefined ? {} : { ended_at: endedAt }),
      }))
      .where('rollout_id', '=', id)
      .where('host', '=', name)
      .execute();
  }
  if (change.deployed !== undefined) await deploy(connection, id, change.deployed);
  if (change.releases) await release(connection, id);
}

async function deploy(
  { db }: Connection,
  id: string,
  { host, system, previous, at }: NonNullable<RolloutChange['deployed']>,
): Promise<void> {
  const { project } = await db
    .selectFrom('rollouts')
    .select('project')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  const values = {
    system,
    system_at: at,
    last_rollout: id,
    // The same system again leaves what it can go back to as it is.
    ...(previous === null || previous === system ? {} : { previous_system: previous }),
  };
  await db
    .insertInto('hosts')
    .values({ project, name: host, ...values })
    .onConflict((conflict) => conflict.columns(['project', 'name']).doUpdateSet(values))
    .execute();
}

async function release({ db }: Connection, id: string): Promise<void> {
  await db.updateTable('hosts').set({ claimed_by: null }).where('claimed_by', '=', id).execute();
}

function columns({ leftOut, createdBy, createdAt, why, ...row }: Omit<NewRollout, 'hosts' | 'entry'>) {
  return { ...row, left_out: leftOut, created_by: createdBy, created_at: createdAt, why: withoutNul(why) };
}

function record(row: Selectable<RolloutTable>): RolloutRecord {
  return {
    id: row.id,
    project: row.project,
    jobset: row.jobset,
    evaluation: row.evaluation,
    action: row.action,
    plan: row.plan,
    leftOut: row.left_out,
    state: row.state,
    result: row.result,
    message: row.message,
    createdBy: row.created_by,
    why: row.why,
    createdAt: row.created_at,
    approvedBy: row.approved_by,
    approvedAt: row.approved_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}
