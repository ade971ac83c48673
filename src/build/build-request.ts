/** One call of `build` or `enqueue`, from when it is made to when its outcome is told. */

import type { StorePath } from '../nix/store-path.ts';
import type { BuildOutcome } from './build-queue.ts';
import type { BuildTicket } from './scheduler.ts';

export interface BuildRequest {
  readonly drvPath: StorePath;
  /** Counted from 1: later requests have higher ones. */
  readonly number: number;
  /** Undefined for `build`: somebody waits for that one. */
  readonly ticket: BuildTicket | undefined;
  globalPriority: number;
  priority: number;
  /** Queued; being planned; its step is in the graph, or will be; its outcome is known. */
  state: 'queued' | 'planning' | 'planned' | 'settled';
  readonly outcome: Promise<BuildOutcome>;
}
