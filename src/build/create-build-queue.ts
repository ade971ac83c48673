/** The plain build queue, for a run that ends: a scheduler that waits for no builder and keeps what it built. */

import type { BuildQueue, BuildQueueOptions } from './build-queue.ts';
import { createScheduler } from './create-scheduler.ts';

export function createBuildQueue(options: BuildQueueOptions): BuildQueue {
  return createScheduler({
    ...options,
    unsupportedAfterMs: 0,
    keepMs: Number.POSITIVE_INFINITY,
    // Their files are named to the user.
    compressLogs: false,
  });
}
