/**
 * The beginning of a rollout: it takes all its hosts, or none. Rows of hosts are locked by name, so that two rollouts that
 * are approved at once wait for each other instead of each holding what the other wants.
 */

import type { Connection } from './connection.ts';
import { inTexts } from './in-list.ts';
import type { RolloutRepository } from './rollout-database.ts';

type Approval = Awaited<ReturnType<RolloutRepository['approve']>>;

export function approveRollout(
  connection: Connection,
  id: string,
  by: string,
  at: number,
): Promise<Approval> {
  return connection.transaction(async ({ db, dialect }): Promise<Approval> => {
    const rollout = await db
      .selectFrom('rollouts')
      .select(['project', 'state'])
      .where('id', '=', id)
      .$if(dialect === 'postgres', (query) => query.forUpdate())
      .executeTakeFirst();
    if (rollout === undefined || rollout.state !== 'planned')
      return { ok: false, state: rollout?.state ?? 'ended' };
    const { project } = rollout;
    const planned = await db
      .selectFrom('rollout_hosts')
      .select('host')
      .where('rollout_id', '=', id)
      .orderBy('host')
      .execute();
    const names = planned.map(({ host }) => host);
    for (const name of names) {
      await db
        .insertInto('hosts')
        .values({ project, name })
        .onConflict((conflict) => conflict.columns(['project', 'name']).doNothing())
        .execute();
    }
    const hosts = await db
      .selectFrom('hosts')
      .select(['name', 'claimed_by'])
      .where('project', '=', project)
      .where(inTexts(dialect, 'name', names))
      .orderBy('name')
      .$if(dialect === 'postgres', (query) => query.forUpdate())
      .execute();
    const claimed = hosts.flatMap(({ name, claimed_by }) =>
      claimed_by === null ? [] : { host: name, by: claimed_by },
    );
    if (claimed.length > 0) return { ok: false, claimed };
    await db
      .updateTable('hosts')
      .set({ claimed_by: id })
      .where('project', '=', project)
      .where(inTexts(dialect, 'name', names))
      .execute();
    await db
      .updateTable('rollouts')
      .set({ state: 'approved', approved_by: by, approved_at: at })
      .where('id', '=', id)
      .execute();
    return { ok: true };
  });
}
