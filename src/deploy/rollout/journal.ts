/**
 * What a rollout has done so far, written before and after each step, so that it can be gone on with after a crash and
 * read by people later. A file without a server (`file-journal.ts`), the database with one.
 */

import type { DeployPlan, HostOutcome } from '../deploy-plan.ts';
import type { HostDiff } from '../diff/host-diff.ts';

/** Steps of a host in the order in which they are done; those that the plan does not ask for are left out. */
export const hostSteps = [
  'begin',
  'copy',
  'pre-deploy-checks',
  'secrets-before',
  'activate',
  'confirm',
  'reboot',
  'secrets-after',
  'health-checks',
  'keep',
  'roll-back',
] as const;
export type HostStep = (typeof hostSteps)[number];

/** `at`: milliseconds since 1970. */
export type JournalEntry =
  | {
      readonly type: 'planned';
      readonly at: number;
      readonly by: string;
      readonly why: string;
      readonly plan: DeployPlan;
    }
  /** An executor has begun, or goes on. */
  | { readonly type: 'started'; readonly at: number; readonly by: string }
  | { readonly type: 'paused' | 'resumed' | 'aborted'; readonly at: number; readonly by: string }
  | { readonly type: 'wave'; readonly at: number; readonly wave: number }
  /** Written before the step is begun. */
  | {
      readonly type: 'step';
      readonly at: number;
      readonly host: string;
      readonly step: HostStep;
      /** Of `roll-back`: what went wrong. */
      readonly why?: string | undefined;
    }
  /** Something that is wrong with a host although it goes on: it is degraded at best. */
  | { readonly type: 'trouble'; readonly at: number; readonly host: string; readonly message: string }
  /** What the host ran before its activation: that is what it goes back to. */
  | {
      readonly type: 'previous';
      readonly at: number;
      readonly host: string;
      readonly current: string | undefined;
      readonly profile: string | undefined;
    }
  /** Against what it ran before. Not before the host was begun, and at any time after that, or never. */
  | { readonly type: 'diff'; readonly at: number; readonly host: string; readonly diff: HostDiff }
  | { readonly type: 'host'; readonly at: number; readonly outcome: HostOutcome }
  | { readonly type: 'ended'; readonly at: number; readonly result: RolloutResult };

/** `failed`: at least one host did, or was rolled back. */
export type RolloutResult = 'succeeded' | 'degraded' | 'failed' | 'aborted';

export interface Journal extends AsyncDisposable {
  /** Names the rollout everywhere, also on hosts: `[a-z0-9-]{1,64}`. */
  readonly id: string;
  /** All that was written before, in order. */
  readonly entries: readonly JournalEntry[];
  /** Resolves when it is durable. */
  append(entry: JournalEntry): Promise<void>;
}
