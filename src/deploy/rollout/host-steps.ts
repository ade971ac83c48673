/**
 * What the engine does on a host, step by step, in the order of the methods. There are two ways to do it: ours
 * (`own-steps.ts`: one connection, the worker protocol, a supervisor on the host) and Morph's exact commands
 * (`morph/morph-steps.ts`, when called as `morph`). The engine decides what is done, when, and what a failure means;
 * steps only do it.
 *
 * Every method throws what went wrong (`deploy.…`, `store.…`, `process.…`, `interrupted`), and can be called again after
 * the program was killed in the middle of it: what is done already is seen and not done twice.
 */

import type { StorePath } from '../../nix/store-path.ts';
import type { PlannedHost, SwitchAction } from '../deploy-plan.ts';
import type { HostDiff } from '../diff/host-diff.ts';
import type { HostFacts } from '../session/host-facts.ts';

export interface StepOptions {
  readonly signal: AbortSignal;
  /** What is printed on the host, and what is told about it, line by line. Never a secret. */
  readonly onLine: (line: string) => void;
}

/** How an activation went. Any other exit code of switch-to-configuration is thrown as `deploy.failed`. */
export type Activated =
  | { readonly state: 'active' }
  /** Exit code 4: the new system runs, some units failed. */
  | { readonly state: 'failed-units'; readonly units: readonly string[] }
  /** Exit code 100: takes effect at the next boot. */
  | { readonly state: 'needs-reboot' };

export interface Copied {
  /** Paths sent from here, and bytes of their NARs. */
  readonly paths: number;
  readonly bytes: number;
  /** Fetched by the host itself. */
  readonly substituted: number;
}

export interface SecretsUploaded {
  readonly uploaded: readonly string[];
  readonly unchanged: readonly string[];
  /** In place, but with the wrong owner or mode, or an action failed; in words. */
  readonly partial: readonly string[];
}

export interface HostSteps extends AsyncDisposable {
  /**
   * Connects, takes the host's lock for this rollout (`deploy.locked` when another has it) and says how it stands; undefined
   * where that is not asked (Morph's way). Throws `deploy.unreachable`.
   */
  begin(options: StepOptions): Promise<HostFacts | undefined>;
  copy(options: StepOptions): Promise<Copied>;
  /**
   * After the copy, because programs of checks may come with the new system. Resolves when every check has succeeded once;
   * throws `deploy.check-failed` when the time is over.
   */
  preDeployChecks(options: StepOptions): Promise<void>;
  secrets(phase: 'pre-activation' | 'post-activation', options: StepOptions): Promise<SecretsUploaded>;
  /**
   * Sets the profile (switch, boot) and activates. Ours: under the supervisor, which goes back by itself unless `confirm`
   * comes in time. After a crash: takes up an activation of this rollout that runs or has ended already.
   */
  activate(action: SwitchAction, options: StepOptions): Promise<Activated>;
  /**
   * Shows the host over a new connection that it can be reached, and has it wait for `keep` as long as it takes; throws
   * `deploy.not-confirmed` when it has gone back meanwhile. Nothing for Morph's way.
   */
  confirm(options: StepOptions): Promise<void>;
  healthChecks(options: StepOptions): Promise<void>;
  /** The new system stays: the supervisor's work is done. Throws `deploy.not-confirmed` when the host has gone back. */
  keep(options: StepOptions): Promise<void>;
  /** Reboots and waits until it has come back with another boot id. Throws `deploy.reboot-failed`. */
  reboot(options: StepOptions): Promise<void>;
  /**
   * What changes on the host, which ran `before`. Asked beside the other steps once `begin` is done: nothing waits for it,
   * and where it is not there (Morph's way) nothing is recorded. Throws only when the signal fires.
   */
  diff?(before: StorePath | undefined, options: { readonly signal: AbortSignal }): Promise<HostDiff>;
  /** Goes back to the system of before; resolves when it runs. Throws `deploy.failed` when that went wrong too. */
  rollBack(options: StepOptions): Promise<void>;
}

/** Opens nothing yet: `begin` does. `rollout` names the rollout on the host, `[a-z0-9-]{1,64}`. */
export type OpenHostSteps = (host: PlannedHost, rollout: string) => HostSteps;
