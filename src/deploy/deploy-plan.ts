/**
 * What will be rolled out where, as data: made before anything is touched, shown, saved, approved, executed later, and
 * gone on with after a crash. It holds everything that execution needs, so that no network file is read again. It holds
 * no secret: of those it knows where they come from.
 */

import type { HostChecks, SecretSpec } from '../network/network.ts';
import type { StorePath } from '../nix/store-path.ts';
import type { SshTarget } from '../process/ssh.ts';

export const switchActions = ['dry-activate', 'test', 'switch', 'boot'] as const;
export type SwitchAction = (typeof switchActions)[number];

export interface PlannedHost {
  readonly name: string;
  readonly target: SshTarget;
  readonly toplevel: StorePath;
  /** The host builds `toplevel` itself, out of this derivation; absent: it is sent. */
  readonly build?: { readonly drvPath: StorePath } | undefined;
  /** Built, but never pushed to or activated. */
  readonly buildOnly: boolean;
  /** Let the host fetch what its own substituters have before anything is sent. */
  readonly substitute: boolean;
  readonly tags: readonly string[];
  /** Sources of files are absolute paths. */
  readonly secrets: Readonly<Record<string, SecretSpec>>;
  readonly preDeployChecks: HostChecks;
  readonly healthChecks: HostChecks;
}

/** Where the closures come from. */
export type PlanSource =
  /** A network file, built now. */
  | { readonly type: 'network'; readonly file: string }
  /** What a server evaluated and built. `server` is its URL; undefined: the server that executes it. */
  | {
      readonly type: 'evaluation';
      readonly server: string | undefined;
      readonly project: string;
      readonly jobset: string;
      readonly evaluation: number;
    }
  /** Store paths that somebody named, and generations to go back to. */
  | { readonly type: 'paths' };

/** Times are in seconds. Counts of hosts are at least 1 unless said otherwise. */
export interface RolloutPolicy {
  /** Hosts that are worked on at the same time. */
  readonly parallel: number;
  /** Hosts that may be out of service at the same time (from the start of activation to the last check). */
  readonly maxUnavailable: number;
  /** Hosts that may fail, or be rolled back, before no further one is begun. 0: the first failure ends it. */
  readonly failureBudget: number;
  /** Between the end of a wave and the beginning of the next one. */
  readonly soak: number;
  /** What a host that cannot be reached counts as. `queue`: tried again until `queueFor` is over. */
  readonly unreachable: 'fail' | 'skip' | 'queue';
  readonly queueFor: number;
  /** A host whose activation, confirmation or health checks fail goes back to the system that it ran before. */
  readonly rollBack: boolean;
  /** How long an activation may take; 0: no limit. */
  readonly activationTimeout: number;
  /** How long a host waits to hear from us over a new connection before it goes back by itself. */
  readonly confirmTimeout: number;
  /** How long pre-deploy checks and health checks may take to succeed, each, per host; 0: no limit. */
  readonly checkTimeout: number;
  /** How long a host may take to come back from a reboot; 0: no limit. */
  readonly rebootTimeout: number;
  /** When hosts may be begun, in local time; none: always. */
  readonly windows: readonly RolloutWindow[];
}

/** Days 0 (Sunday) to 6; minutes after midnight; `to` may be before `from`: over midnight. */
export interface RolloutWindow {
  readonly days: readonly number[];
  readonly from: number;
  readonly to: number;
}

export interface DeployPlan {
  /** Of this format. */
  readonly version: 1;
  /** `push` only copies. */
  readonly action: SwitchAction | 'push';
  readonly source: PlanSource;
  /** In order. */
  readonly hosts: readonly PlannedHost[];
  /** Names of hosts: a wave begins when the one before it is done. Together they are all hosts, in order. */
  readonly waves: readonly (readonly string[])[];
  readonly policy: RolloutPolicy;
  readonly uploadSecrets: boolean;
  readonly reboot: boolean;
  readonly skipPreDeployChecks: boolean;
  readonly skipHealthChecks: boolean;
  /** Activate also what a host runs already. Default: such a host gets its secrets and checks only. */
  readonly force?: boolean | undefined;
}

/** What became of a host; never better than it was. */
export type HostOutcome =
  /** Runs what was planned (or has it, for `push` and `boot`), and its checks are fine. */
  | { readonly host: string; readonly result: 'deployed' }
  /** Runs what was planned, with something wrong: failed units, secrets without their owner, needs a reboot. */
  | { readonly host: string; readonly result: 'degraded'; readonly message: string }
  /** It failed, and runs again what it ran before. */
  | { readonly host: string; readonly result: 'rolled-back'; readonly message: string }
  /** `message` says what state it is in, as far as that is known. */
  | { readonly host: string; readonly result: 'failed'; readonly message: string }
  /** Untouched. */
  | { readonly host: string; readonly result: 'skipped'; readonly reason: string };
