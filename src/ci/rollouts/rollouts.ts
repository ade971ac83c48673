/** Rollouts of what a server evaluated and built: the contract. `create-rollouts.ts` makes one. Reading goes to the database. */

import type { RolloutRecord } from '../../db/rollout-records.ts';
import type { DeployPlan, RolloutPolicy } from '../../deploy/deploy-plan.ts';
import type { Selectors } from '../../network/select-hosts.ts';

export interface RolloutRequest {
  readonly project: string;
  readonly jobset: string;
  /** Default: the newest of the jobset that is one of a network and is over. */
  readonly evaluation?: number | undefined;
  readonly action: DeployPlan['action'];
  readonly selectors: Selectors;
  /** What is not said is as `default-policy.ts` has it. */
  readonly policy: Partial<RolloutPolicy>;
  /** Default: all hosts in one. `sizes` as in `parse-wave-sizes.ts`; `byTag`: by the tags that order the hosts. */
  readonly waves?:
    | {
        readonly canary?: number | undefined;
        readonly sizes?: string | undefined;
        readonly byTag?: boolean | undefined;
      }
    | undefined;
  readonly uploadSecrets: boolean;
  readonly reboot: boolean;
  readonly skipPreDeployChecks: boolean;
  readonly skipHealthChecks: boolean;
  /** Activate also what a host runs already. */
  readonly force: boolean;
  readonly why: string;
}

/** A host of the evaluation that was selected and is not in the plan. */
export interface LeftOut {
  readonly host: string;
  readonly why: string;
}

export interface FleetPlan {
  readonly plan: DeployPlan;
  readonly leftOut: readonly LeftOut[];
}

export interface Rollouts {
  /** What `create` would keep. Throws `rollout.evaluation`, `rollout.no-hosts`, `rollout.secrets`, `usage.invalid`, `deploy.target-invalid`. */
  plan(request: RolloutRequest): Promise<FleetPlan>;
  /** Nothing is done to any host before it is approved. */
  create(request: RolloutRequest, by: string): Promise<RolloutRecord>;
  /** It begins. Throws `rollout.unknown`, `rollout.state`, `rollout.busy`. */
  approve(id: string, by: string): Promise<void>;
  /** Begins no further host. */
  pause(id: string, by: string): Promise<void>;
  resume(id: string, by: string): Promise<void>;
  /** Hosts that are being activated are seen to their end, all others are left alone. */
  abort(id: string, by: string): Promise<void>;
  /** Null: it takes part again. A host that is in the hand of a rollout already is seen to its end. */
  setCordon(
    project: string,
    host: string,
    cordon: { readonly by: string; readonly reason: string } | null,
  ): Promise<void>;
  /** Throws `host.unknown`, `rollout.busy`. */
  removeHost(project: string, host: string): Promise<void>;
}
