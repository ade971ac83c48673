/** Hydra's numbers for why something was not built. */

import { type BuildStatus, buildStatus } from '../../db/build-status.ts';
import type { StepFailure } from '../../events/event.ts';

/** Of the step itself. */
export function stepStatusOf(reason: StepFailure): BuildStatus {
  switch (reason) {
    case 'build-failed':
    case 'output-rejected':
      return buildStatus.failed;
    case 'dependency-failed':
      return buildStatus.dependencyFailed;
    case 'unsupported':
      return buildStatus.unsupportedSystem;
    case 'timed-out':
    case 'silent':
      return buildStatus.timedOut;
    case 'log-limit':
      return buildStatus.logLimitExceeded;
    case 'output-limit':
      return buildStatus.outputLimitExceeded;
    case 'builder-lost':
      return buildStatus.aborted;
    case 'cached-failure':
      return buildStatus.cachedFailure;
    case 'cancelled':
      return buildStatus.cancelled;
  }
}

/** Of a build that fails because a step did: its own derivation, or one that it needs. */
export function buildStatusOf(reason: StepFailure, isOwn: boolean): BuildStatus {
  const status = stepStatusOf(reason);
  const failed = status === buildStatus.failed || status === buildStatus.cachedFailure;
  if (!failed) return status;
  return isOwn ? buildStatus.failed : buildStatus.dependencyFailed;
}
