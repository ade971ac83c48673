/** The hosts that rollouts know: what they run, who has them in hand, and whether they take part. */

import type { Connection } from './connection.ts';
import type { HostRepository } from './rollout-database.ts';
import { withoutNul } from './without-nul.ts';

export function createHostRepository({ db }: Connection): HostRepository {
  const select = () =>
    db
      .selectFrom('hosts')
      .select([
        'project',
        'name',
        'system',
        'system_at as systemAt',
        'previous_system as previousSystem',
        'last_rollout as lastRollout',
        'claimed_by as claimedBy',
        'cordoned_by as cordonedBy',
        'cordoned_at as cordonedAt',
        'cordon_reason as cordonReason',
        'facts',
        'facts_at as factsAt',
      ])
      .orderBy('project')
      .orderBy('name');
  const save = async (
    project: string,
    name: string,
    values: Readonly<Record<string, string | number | null>>,
  ): Promise<void> => {
    await db
      .insertInto('hosts')
      .values({ project, name, ...values })
      .onConflict((conflict) => conflict.columns(['project', 'name']).doUpdateSet(values))
      .execute();
  };

  return {
    list: (project) =>
      project === undefined ? select().execute() : select().where('project', '=', project).execute(),
    find: (project, name) =>
      select().where('project', '=', project).where('name', '=', name).executeTakeFirst(),
    setCordon: (project, name, cordon) =>
      save(project, name, {
        cordoned_by: cordon?.by ?? null,
        cordoned_at: cordon?.at ?? null,
        cordon_reason: cordon === null ? null : withoutNul(cordon.reason),
      }),
    setFacts: (project, name, facts, at) => save(project, name, { facts: withoutNul(facts), facts_at: at }),
    async remove(project, name) {
      const { numDeletedRows } = await db
        .deleteFrom('hosts')
        .where('project', '=', project)
        .where('name', '=', name)
        .where('claimed_by', 'is', null)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },
  };
}
