/** What will be rolled out where, as data: made before anything is touched. */

import type { StorePath } from '../nix/store-path.ts';
import type { SshTarget } from '../process/ssh.ts';

export const switchActions = ['dry-activate', 'test', 'switch', 'boot'] as const;
export type SwitchAction = (typeof switchActions)[number];

export interface PlannedHost {
  readonly name: string;
  readonly target: SshTarget;
  readonly toplevel: StorePath;
  /** Built, but never pushed to or activated. */
  readonly buildOnly: boolean;
  /** Let the host fetch what its own substituters have before anything is sent. */
  readonly substitute: boolean;
}

export interface DeployPlan {
  /** `push` only copies. */
  readonly action: SwitchAction | 'push';
  /** In order; each host only after the one before it is done. */
  readonly hosts: readonly PlannedHost[];
}

export type HostOutcome =
  | { readonly host: string; readonly result: 'deployed' }
  | { readonly host: string; readonly result: 'failed'; readonly message: string }
  | { readonly host: string; readonly result: 'skipped'; readonly reason: string };
