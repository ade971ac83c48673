/** The first schema: projects to steps, users, and what else outlives the server. */

import { type ColumnDefinitionBuilder, sql } from 'kysely';
import { createInitialIndexes } from './0001-initial-indexes.ts';
import type { Migration, MigrationSchema, Table } from './migration.ts';

export const initial: Migration = {
  version: 1,
  async up(db, schema) {
    await createProjects(schema);
    await createEvaluations(schema);
    await createBuilds(schema);
    await createSteps(schema);
    await createUsers(schema);
    await createOddsAndEnds(schema);
    await createInitialIndexes(db);
  },
};

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
const zero = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull().defaultTo(0);
const empty = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull().defaultTo('');
const unique = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull().unique();
const key = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull().primaryKey();
/** Goes when what it belongs to goes. */
const of =
  (target: string) =>
  (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
    column.notNull().references(target).onDelete('cascade').onUpdate('cascade');

async function createProjects({ create, identity, integer, text }: MigrationSchema): Promise<void> {
  await create('projects', (table) =>
    identity(table)
      .addColumn('name', text, unique)
      .addColumn('display_name', text, empty)
      .addColumn('description', text, empty)
      .addColumn('homepage', text, empty)
      .addColumn('owner', text, required)
      .addColumn('enabled', integer, required)
      .addColumn('hidden', integer, required)
      .addColumn('enable_dynamic_run_command', integer, required)
      .addColumn('declarative_file', text)
      .addColumn('declarative_type', text)
      .addColumn('declarative_value', text),
  );
  await create('project_members', (table) =>
    table
      .addColumn('project_id', integer, of('projects.id'))
      .addColumn('user_name', text, required)
      .addPrimaryKeyConstraint('project_members_key', ['project_id', 'user_name']),
  );
  await create('jobsets', (table) =>
    identity(table)
      .addColumn('project_id', integer, of('projects.id'))
      .addColumn('name', text, required)
      .addColumn('description', text, empty)
      .addColumn('type', integer, required)
      .addColumn('nix_expr_input', text)
      .addColumn('nix_expr_path', text)
      .addColumn('flake', text)
      .addColumn('state', integer, required)
      .addColumn('hidden', integer, required)
      .addColumn('enable_email', integer, required)
      .addColumn('email_override', text, empty)
      .addColumn('keep_evaluations', integer, required)
      .addColumn('check_interval', integer, required)
      .addColumn('scheduling_shares', integer, required)
      .addColumn('allow_import_from_derivation', integer, required)
      .addColumn('enable_dynamic_run_command', integer, required)
      .addColumn('triggered_at', integer)
      .addColumn('force_evaluation', integer, zero)
      .addColumn('started_at', integer)
      .addColumn('last_checked_at', integer)
      .addColumn('error_message', text)
      .addColumn('error_at', integer)
      .addColumn('fetch_error_message', text)
      .addColumn('current_evaluation_id', integer)
      .addUniqueConstraint('jobsets_name', ['project_id', 'name'])
      .addCheckConstraint('jobsets_shares', sql`scheduling_shares > 0`)
      .addCheckConstraint(
        'jobsets_expression',
        sql`(type = 1 and flake is not null and nix_expr_input is null and nix_expr_path is null)
          or (type in (0, 2) and flake is null and nix_expr_input is not null and nix_expr_path is not null)`,
      ),
  );
  await create('jobset_inputs', (table) =>
    table
      .addColumn('jobset_id', integer, of('jobsets.id'))
      .addColumn('position', integer, required)
      .addColumn('name', text, required)
      .addColumn('type', text, required)
      .addColumn('value', text, required)
      .addColumn('email_responsible', integer, required)
      .addPrimaryKeyConstraint('jobset_inputs_key', ['jobset_id', 'position'])
      .addUniqueConstraint('jobset_inputs_name', ['jobset_id', 'name']),
  );
  await create('jobset_renames', (table) =>
    table
      .addColumn('project_id', integer, of('projects.id'))
      .addColumn('old_name', text, required)
      .addColumn('jobset_id', integer, of('jobsets.id'))
      .addPrimaryKeyConstraint('jobset_renames_key', ['project_id', 'old_name']),
  );
}

async function createEvaluations({ create, identity, integer, text }: MigrationSchema): Promise<void> {
  await create('evaluations', (table) =>
    identity(table)
      .addColumn('jobset_id', integer, of('jobsets.id'))
      .addColumn('state', text, required)
      .addColumn('started_at', integer, required)
      .addColumn('finished_at', integer)
      .addColumn('checkout_ms', integer, required)
      .addColumn('evaluation_ms', integer, zero)
      .addColumn('has_new_builds', integer, zero)
      .addColumn('input_hash', text, required)
      .addColumn('error_message', text)
      .addColumn('flake', text)
      .addColumn('nix_expr_input', text)
      .addColumn('nix_expr_path', text)
      .addColumn('total', integer, zero)
      .addColumn('scheduled', integer, zero)
      .addColumn('succeeded', integer, zero)
      .addColumn('failed', integer, zero),
  );
  await create('evaluation_inputs', (table) =>
    table
      .addColumn('evaluation_id', integer, of('evaluations.id'))
      .addColumn('position', integer, required)
      .addColumn('name', text, required)
      .addColumn('type', text, required)
      .addColumn('uri', text)
      .addColumn('revision', text)
      .addColumn('value', text)
      .addColumn('dependency', integer)
      .addColumn('path', text)
      .addColumn('sha256', text)
      .addPrimaryKeyConstraint('evaluation_inputs_key', ['evaluation_id', 'position']),
  );
  await create('evaluation_networks', (table) =>
    table
      .addColumn('evaluation_id', integer, (column) => of('evaluations.id')(column).primaryKey())
      .addColumn('network', text, required),
  );
  await create('evaluation_errors', (table) =>
    identity(table)
      .addColumn('evaluation_id', integer, of('evaluations.id'))
      .addColumn('job', text, required)
      .addColumn('message', text, required)
      .addColumn('file', text)
      .addColumn('line', integer)
      .addColumn('column', integer)
      .addColumn('trace', text, required),
  );
}

async function createBuilds(schema: MigrationSchema): Promise<void> {
  const { create, identity, integer, real, text } = schema;
  await create('jobs', (table) =>
    identity(table)
      .addColumn('jobset_id', integer, of('jobsets.id'))
      .addColumn('name', text, required)
      .addColumn('system', text, required)
      .addColumn('finished', integer, zero)
      .addUniqueConstraint('jobs_name', ['jobset_id', 'name', 'system']),
  );
  await create(
    'finished_builds',
    (table) =>
      table
        .addColumn('jobset_id', integer, of('jobsets.id'))
        .addColumn('system', text, required)
        .addColumn('builds', integer, required)
        .addPrimaryKeyConstraint('finished_builds_key', ['jobset_id', 'system']),
    'by-key',
  );
  await create('builds', (table) =>
    identity(table)
      .addColumn('jobset_id', integer, of('jobsets.id'))
      .addColumn('job_id', integer, of('jobs.id'))
      .addColumn('nix_name', text, required)
      .addColumn('drv_path', text, required)
      .addColumn('description', text)
      .addColumn('license', text)
      .addColumn('homepage', text)
      .addColumn('maintainers', text)
      .addColumn('max_silent', integer)
      .addColumn('timeout', integer)
      .addColumn('is_channel', integer, required)
      .addColumn('priority', integer, required)
      .addColumn('global_priority', integer, zero)
      .addColumn('queued_at', integer, required)
      .addColumn('started_at', integer)
      .addColumn('stopped_at', integer)
      .addColumn('finished', integer, zero)
      .addColumn('status', integer)
      .addColumn('is_cached', integer, zero)
      .addColumn('error_message', text)
      .addColumn('size', integer)
      .addColumn('closure_size', integer)
      .addColumn('release_name', text)
      .addColumn('keep', integer, zero)
      .addColumn('last_step', integer, zero)
      .addCheckConstraint(
        'builds_finished',
        sql`(finished = 0 and status is null) or (finished = 1 and status is not null and stopped_at is not null)`,
      ),
  );
  await create(
    'evaluation_builds',
    (table) =>
      table
        .addColumn('evaluation_id', integer, of('evaluations.id'))
        .addColumn('job_id', integer, required)
        .addColumn('build_id', integer, of('builds.id'))
        .addColumn('is_new', integer, required)
        .addPrimaryKeyConstraint('evaluation_builds_key', ['evaluation_id', 'job_id', 'build_id']),
    'by-key',
  );
  await create(
    'build_outputs',
    (table) =>
      ofBuild(table, schema)
        .addColumn('name', text, required)
        .addColumn('path', text)
        .addPrimaryKeyConstraint('build_outputs_key', ['build_id', 'name']),
    'by-key',
  );
  await create('build_products', (table) =>
    ofBuild(table, schema)
      .addColumn('number', integer, required)
      .addColumn('type', text, required)
      .addColumn('subtype', text, required)
      .addColumn('name', text, required)
      .addColumn('path', text, required)
      .addColumn('default_path', text, required)
      .addColumn('file_size', integer)
      .addColumn('sha256', text)
      .addPrimaryKeyConstraint('build_products_key', ['build_id', 'number']),
  );
  await create('build_metrics', (table) =>
    ofBuild(table, schema)
      .addColumn('name', text, required)
      .addColumn('value', real, required)
      .addColumn('unit', text)
      .addPrimaryKeyConstraint('build_metrics_key', ['build_id', 'name']),
  );
  await create(
    'constituents',
    (table) =>
      table
        .addColumn('aggregate_id', integer, of('builds.id'))
        .addColumn('constituent_id', integer, of('builds.id'))
        .addPrimaryKeyConstraint('constituents_key', ['aggregate_id', 'constituent_id']),
    'by-key',
  );
  await create(
    'queued_per_hour',
    (table) =>
      table
        .addColumn('hour', integer, required)
        .addColumn('jobset_id', integer, of('jobsets.id'))
        .addColumn('system', text, required)
        .addColumn('builds', integer, required)
        .addPrimaryKeyConstraint('queued_per_hour_key', ['hour', 'jobset_id', 'system']),
    'by-key',
  );
}

function ofBuild(table: Table, { integer }: MigrationSchema): Table {
  return table.addColumn('build_id', integer, of('builds.id'));
}

async function createSteps(schema: MigrationSchema): Promise<void> {
  const { create, integer, text } = schema;
  await create('steps', (table) =>
    ofBuild(table, schema)
      .addColumn('number', integer, required)
      .addColumn('type', text, required)
      .addColumn('drv_path', text, required)
      .addColumn('phase', integer, required)
      .addColumn('status', integer)
      .addColumn('error_message', text)
      .addColumn('started_at', integer)
      .addColumn('stopped_at', integer)
      .addColumn('builder', text, required)
      .addColumn('system', text, required)
      .addColumn('emulated', integer, required)
      .addColumn('propagated_from', integer)
      .addColumn('resolved_drv_path', text)
      .addColumn('log_file', text)
      .addColumn('outputs', text, required)
      .addPrimaryKeyConstraint('steps_key', ['build_id', 'number']),
  );
}

async function createUsers({ create, identity, integer, text }: MigrationSchema): Promise<void> {
  await create('users', (table) =>
    table
      .addColumn('name', text, key)
      .addColumn('full_name', text)
      .addColumn('email', text, required)
      .addColumn('password_hash', text, required)
      .addColumn('email_on_error', integer, required)
      .addColumn('type', text, required)
      .addColumn('public_dashboard', integer, required),
  );
  await create('user_roles', (table) =>
    table
      .addColumn('user_name', text, of('users.name'))
      .addColumn('role', text, required)
      .addPrimaryKeyConstraint('user_roles_key', ['user_name', 'role']),
  );
  await create('sessions', (table) =>
    table
      .addColumn('hash', text, key)
      .addColumn('user_name', text, of('users.name'))
      .addColumn('expires_at', integer, required),
  );
  await create('tokens', (table) =>
    identity(table)
      .addColumn('hash', text, unique)
      .addColumn('user_name', text, of('users.name'))
      .addColumn('name', text, required)
      .addColumn('created_at', integer, required)
      .addColumn('last_used_at', integer)
      .addColumn('expires_at', integer),
  );
}

async function createOddsAndEnds({ create, integer, text }: MigrationSchema): Promise<void> {
  await create('failures', (table) =>
    table
      .addColumn('key', text, key)
      .addColumn('message', text, required)
      .addColumn('expires_at', integer, required),
  );
  await create('drained_builders', (table) =>
    table
      .addColumn('builder', text, key)
      .addColumn('drained_by', text, required)
      .addColumn('drained_at', integer, required),
  );
  await create('first_seen', (table) =>
    table
      .addColumn('uri', text, required)
      .addColumn('sha256', text, required)
      .addColumn('seen_at', integer, required)
      .addPrimaryKeyConstraint('first_seen_key', ['uri', 'sha256']),
  );
}
