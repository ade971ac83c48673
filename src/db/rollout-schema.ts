/** The tables of rollouts and hosts; part of `schema.ts`, and as there. */

import type { RolloutState } from './rollout-records.ts';

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

export interface RolloutEntryTable {
  readonly rollout_id: string;
  readonly position: number;
  readonly entry: string;
}

export interface RolloutHostTable {
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

export interface HostTable {
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
