/**
 * The tables, as Kysely needs to know them. `migrations/` makes them. The same on both engines: whole numbers for
 * identities, times (milliseconds), yes and no (1 and 0); text compares byte by byte; JSON is text.
 */

import type { Generated } from 'kysely';
import type { BuildStatus, StepPhaseNumber } from './build-status.ts';
import type { CacheSchema } from './cache-schema.ts';
import type { Flag } from './flag.ts';
import type { EvaluationState, JobsetState, JobsetType, StepRecord } from './records.ts';
import type { RolloutState } from './rollout-records.ts';

interface ProjectTable {
  readonly id: Generated<number>;
  readonly name: string;
  readonly display_name: string;
  readonly description: string;
  readonly homepage: string;
  readonly owner: string;
  readonly enabled: Flag;
  readonly hidden: Flag;
  readonly enable_dynamic_run_command: Flag;
  readonly declarative_file: string | null;
  readonly declarative_type: string | null;
  readonly declarative_value: string | null;
}

interface ProjectMemberTable {
  readonly project_id: number;
  readonly user_name: string;
}

interface JobsetTable {
  readonly id: Generated<number>;
  readonly project_id: number;
  readonly name: string;
  readonly description: string;
  readonly type: JobsetType;
  readonly nix_expr_input: string | null;
  readonly nix_expr_path: string | null;
  readonly flake: string | null;
  readonly state: JobsetState;
  readonly hidden: Flag;
  readonly enable_email: Flag;
  readonly email_override: string;
  readonly keep_evaluations: number;
  readonly check_interval: number;
  readonly scheduling_shares: number;
  readonly allow_import_from_derivation: Flag;
  readonly enable_dynamic_run_command: Flag;
  readonly triggered_at: number | null;
  readonly force_evaluation: Generated<Flag>;
  readonly started_at: number | null;
  readonly last_checked_at: number | null;
  readonly error_message: string | null;
  readonly error_at: number | null;
  readonly fetch_error_message: string | null;
  /** The newest evaluation that was done and has builds: they are the jobset's current ones. */
  readonly current_evaluation_id: number | null;
}

interface JobsetInputTable {
  readonly jobset_id: number;
  readonly position: number;
  readonly name: string;
  readonly type: string;
  readonly value: string;
  readonly email_responsible: Flag;
}

interface JobsetRenameTable {
  readonly project_id: number;
  readonly old_name: string;
  readonly jobset_id: number;
}

interface EvaluationTable {
  readonly id: Generated<number>;
  readonly jobset_id: number;
  readonly state: EvaluationState;
  readonly started_at: number;
  readonly finished_at: number | null;
  readonly checkout_ms: number;
  readonly evaluation_ms: Generated<number>;
  readonly has_new_builds: Generated<Flag>;
  readonly input_hash: string;
  readonly error_message: string | null;
  readonly flake: string | null;
  readonly nix_expr_input: string | null;
  readonly nix_expr_path: string | null;
  /** How its builds stand, kept in step with them (`shift-counts.ts`). */
  readonly total: Generated<number>;
  readonly scheduled: Generated<number>;
  readonly succeeded: Generated<number>;
  readonly failed: Generated<number>;
}

interface EvaluationInputTable {
  readonly evaluation_id: number;
  readonly position: number;
  readonly name: string;
  readonly type: string;
  readonly uri: string | null;
  readonly revision: string | null;
  readonly value: string | null;
  readonly dependency: number | null;
  readonly path: string | null;
  readonly sha256: string | null;
}

interface EvaluationNetworkTable {
  readonly evaluation_id: number;
  readonly network: string;
}

interface EvaluationErrorTable {
  readonly id: Generated<number>;
  readonly evaluation_id: number;
  readonly job: string;
  readonly message: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly trace: string;
}

/** A job is a name and a system within a jobset. */
interface JobTable {
  readonly id: Generated<number>;
  readonly jobset_id: number;
  readonly name: string;
  readonly system: string;
  /** How many of its builds are finished, kept in step (`shift-counts.ts`). */
  readonly finished: Generated<number>;
}

/** How many builds are finished, kept in step. */
interface FinishedBuildsTable {
  readonly jobset_id: number;
  readonly system: string;
  readonly builds: number;
}

export interface BuildTable {
  readonly id: Generated<number>;
  readonly jobset_id: number;
  readonly job_id: number;
  readonly nix_name: string;
  readonly drv_path: string;
  readonly description: string | null;
  readonly license: string | null;
  readonly homepage: string | null;
  readonly maintainers: string | null;
  readonly max_silent: number | null;
  readonly timeout: number | null;
  readonly is_channel: Flag;
  readonly priority: number;
  readonly global_priority: Generated<number>;
  readonly queued_at: number;
  readonly started_at: number | null;
  readonly stopped_at: number | null;
  readonly finished: Generated<Flag>;
  readonly status: BuildStatus | null;
  readonly is_cached: Generated<Flag>;
  readonly error_message: string | null;
  readonly size: number | null;
  readonly closure_size: number | null;
  readonly release_name: string | null;
  readonly keep: Generated<Flag>;
  /** The number its newest step took. */
  readonly last_step: Generated<number>;
}

interface EvaluationBuildTable {
  readonly evaluation_id: number;
  readonly job_id: number;
  readonly build_id: number;
  /** That evaluation made it. */
  readonly is_new: Flag;
}

interface BuildOutputTable {
  readonly build_id: number;
  readonly name: string;
  readonly path: string | null;
}

interface BuildProductTable {
  readonly build_id: number;
  readonly number: number;
  readonly type: string;
  readonly subtype: string;
  readonly name: string;
  readonly path: string;
  readonly default_path: string;
  readonly file_size: number | null;
  readonly sha256: string | null;
}

interface BuildMetricTable {
  readonly build_id: number;
  readonly name: string;
  readonly value: number;
  readonly unit: string | null;
}

interface ConstituentTable {
  readonly aggregate_id: number;
  readonly constituent_id: number;
}

/** Builds by the hour they were queued in, for charts. */
interface QueuedPerHourTable {
  /** Hours since 1970. */
  readonly hour: number;
  readonly jobset_id: number;
  readonly system: string;
  readonly builds: number;
}

interface StepTable {
  readonly build_id: number;
  readonly number: number;
  readonly type: StepRecord['type'];
  readonly drv_path: string;
  readonly phase: StepPhaseNumber;
  readonly status: BuildStatus | null;
  readonly error_message: string | null;
  readonly started_at: number | null;
  readonly stopped_at: number | null;
  readonly builder: string;
  readonly system: string;
  readonly emulated: Flag;
  readonly propagated_from: number | null;
  readonly resolved_drv_path: string | null;
  readonly log_file: string | null;
  /** JSON: path or null by output name. */
  readonly outputs: string;
}

interface UserTable {
  readonly name: string;
  readonly full_name: string | null;
  readonly email: string;
  readonly password_hash: string;
  readonly email_on_error: Flag;
  readonly type: string;
  readonly public_dashboard: Flag;
}

interface UserRoleTable {
  readonly user_name: string;
  readonly role: string;
}

interface SessionTable {
  readonly hash: string;
  readonly user_name: string;
  readonly expires_at: number;
}

interface TokenTable {
  readonly id: Generated<number>;
  readonly hash: string;
  readonly user_name: string;
  readonly name: string;
  readonly created_at: number;
  readonly last_used_at: number | null;
  readonly expires_at: number | null;
}

interface FailureTable {
  readonly key: string;
  readonly message: string;
  readonly expires_at: number;
}

interface DrainedBuilderTable {
  readonly builder: string;
  readonly drained_by: string;
  readonly drained_at: number;
}

interface FirstSeenTable {
  readonly uri: string;
  readonly sha256: string;
  readonly seen_at: number;
}

export interface RolloutTable {
  readonly id: string;
  readonly project: string;
  readonly jobset: string;
  readonly evaluation: number;
  readonly action: string;
  readonly plan: string;
  readonly left_out: string;
  readonly state: RolloutState;
  readonly result: string | null;
  readonly message: string | null;
  readonly created_by: string;
  readonly why: string;
  readonly created_at: number;
  readonly approved_by: string | null;
  readonly approved_at: number | null;
  readonly started_at: number | null;
  readonly ended_at: number | null;
}

interface RolloutEntryTable {
  readonly rollout_id: string;
  readonly position: number;
  readonly entry: string;
}

interface RolloutHostTable {
  readonly rollout_id: string;
  readonly position: number;
  readonly host: string;
  readonly wave: number;
  readonly toplevel: string;
  readonly step: string | null;
  readonly result: string | null;
  readonly message: string | null;
  readonly previous: string | null;
  readonly started_at: number | null;
  readonly ended_at: number | null;
}

interface HostTable {
  readonly project: string;
  readonly name: string;
  readonly system: string | null;
  readonly system_at: number | null;
  readonly previous_system: string | null;
  readonly last_rollout: string | null;
  readonly claimed_by: string | null;
  readonly cordoned_by: string | null;
  readonly cordoned_at: number | null;
  readonly cordon_reason: string | null;
  readonly facts: string | null;
  readonly facts_at: number | null;
}

interface SchemaVersionTable {
  readonly version: number;
}

export interface Schema extends CacheSchema {
  readonly schema_version: SchemaVersionTable;
  readonly projects: ProjectTable;
  readonly project_members: ProjectMemberTable;
  readonly jobsets: JobsetTable;
  readonly jobset_inputs: JobsetInputTable;
  readonly jobset_renames: JobsetRenameTable;
  readonly evaluations: EvaluationTable;
  readonly evaluation_inputs: EvaluationInputTable;
  readonly evaluation_networks: EvaluationNetworkTable;
  readonly evaluation_errors: EvaluationErrorTable;
  readonly evaluation_builds: EvaluationBuildTable;
  readonly jobs: JobTable;
  readonly finished_builds: FinishedBuildsTable;
  readonly builds: BuildTable;
  readonly build_outputs: BuildOutputTable;
  readonly build_products: BuildProductTable;
  readonly build_metrics: BuildMetricTable;
  readonly constituents: ConstituentTable;
  readonly queued_per_hour: QueuedPerHourTable;
  readonly steps: StepTable;
  readonly users: UserTable;
  readonly user_roles: UserRoleTable;
  readonly sessions: SessionTable;
  readonly tokens: TokenTable;
  readonly failures: FailureTable;
  readonly drained_builders: DrainedBuilderTable;
  readonly first_seen: FirstSeenTable;
  readonly rollouts: RolloutTable;
  readonly rollout_entries: RolloutEntryTable;
  readonly rollout_hosts: RolloutHostTable;
  readonly hosts: HostTable;
}
