/**
 * Rollouts, what they did entry by entry, how each of their hosts fared, and the hosts that were ever rolled out to.
 * Names of projects and jobsets are kept as text: what was deployed stays known when a jobset goes.
 */

import type { ColumnDefinitionBuilder } from 'kysely';
import type { Migration } from './migration.ts';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
const ofRollout = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
  column.notNull().references('rollouts.id').onDelete('cascade');

export const rollouts: Migration = {
  version: 6,
  async up(db, { create, integer, text }) {
    await create('rollouts', (table) =>
      table
        .addColumn('id', text, (column) => column.notNull().primaryKey())
        .addColumn('project', text, required)
        .addColumn('jobset', text, required)
        .addColumn('evaluation', integer, required)
        .addColumn('action', text, required)
        .addColumn('plan', text, required)
        .addColumn('left_out', text, required)
        .addColumn('state', text, required)
        .addColumn('result', text)
        .addColumn('message', text)
        .addColumn('created_by', text, required)
        .addColumn('why', text, required)
        .addColumn('created_at', integer, required)
        .addColumn('approved_by', text)
        .addColumn('approved_at', integer)
        .addColumn('started_at', integer)
        .addColumn('ended_at', integer),
    );
    await create('rollout_entries', (table) =>
      table
        .addColumn('rollout_id', text, ofRollout)
        .addColumn('position', integer, required)
        .addColumn('entry', text, required)
        .addPrimaryKeyConstraint('rollout_entries_key', ['rollout_id', 'position']),
    );
    await create('rollout_hosts', (table) =>
      table
        .addColumn('rollout_id', text, ofRollout)
        .addColumn('position', integer, required)
        .addColumn('host', text, required)
        .addColumn('wave', integer, required)
        .addColumn('toplevel', text, required)
        .addColumn('step', text)
        .addColumn('result', text)
        .addColumn('message', text)
        .addColumn('previous', text)
        .addColumn('started_at', integer)
        .addColumn('ended_at', integer)
        .addPrimaryKeyConstraint('rollout_hosts_key', ['rollout_id', 'position'])
        .addUniqueConstraint('rollout_hosts_by_name', ['rollout_id', 'host']),
    );
    await create('hosts', (table) =>
      table
        .addColumn('project', text, required)
        .addColumn('name', text, required)
        .addColumn('system', text)
        .addColumn('system_at', integer)
        .addColumn('previous_system', text)
        .addColumn('last_rollout', text)
        // Whose it is for now: at most one rollout's.
        .addColumn('claimed_by', text)
        .addColumn('cordoned_by', text)
        .addColumn('cordoned_at', integer)
        .addColumn('cordon_reason', text)
        .addColumn('facts', text)
        .addColumn('facts_at', integer)
        .addPrimaryKeyConstraint('hosts_key', ['project', 'name']),
    );
    const index = (name: string, table: string, columns: readonly string[]) =>
      db.schema
        .createIndex(name)
        .on(table)
        .columns([...columns])
        .execute();
    await index('rollouts_by_jobset', 'rollouts', ['project', 'jobset', 'created_at']);
    await index('rollouts_by_time', 'rollouts', ['created_at']);
    await index('rollouts_by_state', 'rollouts', ['state']);
    await index('rollout_hosts_of_host', 'rollout_hosts', ['host']);
    await index('hosts_by_claim', 'hosts', ['claimed_by']);
  },
};
