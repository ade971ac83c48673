/** The part of the database that rollouts are kept in; belongs to the contract in `database.ts`. */

import type { HostRecord, RolloutHostRecord, RolloutRecord, RolloutState } from './rollout-records.ts';

export type NewRollout = Pick<
  RolloutRecord,
  | 'id'
  | 'project'
  | 'jobset'
  | 'evaluation'
  | 'action'
  | 'plan'
  | 'leftOut'
  | 'createdBy'
  | 'why'
  | 'createdAt'
> & {
  /** In order. */
  readonly hosts: readonly Pick<RolloutHostRecord, 'host' | 'wave' | 'toplevel'>[];
  /** The first of the journal. */
  readonly entry: string;
};

/** What an entry of the journal means for the other rows; they change with it, or not at all. */
export interface RolloutChange {
  readonly rollout?: Partial<Pick<RolloutRecord, 'state' | 'result' | 'message' | 'startedAt' | 'endedAt'>>;
  readonly host?: { readonly name: string } & Partial<
    Pick<RolloutHostRecord, 'step' | 'result' | 'message' | 'previous' | 'startedAt' | 'endedAt'>
  >;
  /** The host runs it now, and ran `previous` before: the pair that is kept. */
  readonly deployed?: {
    readonly host: string;
    readonly system: string;
    readonly previous: string | null;
    readonly at: number;
  };
  /** Its hosts are free for others. */
  readonly releases?: boolean;
}

export interface RolloutFilter {
  readonly project?: string | undefined;
  readonly jobset?: string | undefined;
  readonly state?: RolloutState | undefined;
}

export interface RolloutRepository {
  /** State `planned`. Throws `db.conflict` when there is one of that id. */
  create(rollout: NewRollout): Promise<RolloutRecord>;
  get(id: string): Promise<RolloutRecord | undefined>;
  /** Newest first. */
  page(
    filter: RolloutFilter,
    range: { readonly offset: number; readonly limit: number },
  ): Promise<{ readonly rows: readonly RolloutRecord[]; readonly total: number }>;
  /** Those that a server goes on with after a start: neither planned nor ended, oldest first. */
  unfinished(): Promise<readonly RolloutRecord[]>;
  /** In the order of the plan. */
  hosts(id: string): Promise<readonly RolloutHostRecord[]>;
  entries(id: string): Promise<readonly string[]>;
  /** Entry number `position`, from 0. Written a second time it changes nothing. */
  append(id: string, position: number, entry: string, change: RolloutChange): Promise<void>;
  /**
   * From `planned` to `approved`, with all its hosts claimed: by one rollout at a time each. Otherwise it claims none,
   * and what is in the way is said.
   */
  approve(
    id: string,
    by: string,
    at: number,
  ): Promise<
    | { readonly ok: true }
    | { readonly ok: false; readonly state: RolloutState }
    | { readonly ok: false; readonly claimed: readonly { readonly host: string; readonly by: string }[] }
  >;
  /** False, and nothing happens, unless it is in one of these states. */
  setState(id: string, from: readonly RolloutState[], to: RolloutState): Promise<boolean>;
  /** Without having run. False unless it is in one of these states. */
  end(
    id: string,
    from: readonly RolloutState[],
    end: Pick<RolloutRecord, 'result' | 'message' | 'endedAt'>,
  ): Promise<boolean>;
}

export interface HostRepository {
  /** Of a project, or of all; by name. */
  list(project?: string): Promise<readonly HostRecord[]>;
  find(project: string, name: string): Promise<HostRecord | undefined>;
  /** Makes the host where there is none of that name. Null: it takes part again. */
  setCordon(
    project: string,
    name: string,
    cordon: { readonly by: string; readonly at: number; readonly reason: string } | null,
  ): Promise<void>;
  setFacts(project: string, name: string, facts: string, at: number): Promise<void>;
  /** What it ran is not kept any more. False when there is none, or a rollout works on it. */
  remove(project: string, name: string): Promise<boolean>;
}
