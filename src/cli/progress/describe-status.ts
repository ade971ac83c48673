/** What became of a build or step, in words, by Hydra's number. */

import { type BuildStatus, buildStatus } from '../../db/build-status.ts';

const words: Readonly<Record<keyof typeof buildStatus, string>> = {
  succeeded: 'succeeded',
  failed: 'failed',
  dependencyFailed: 'failed, because something it needs failed',
  aborted: 'aborted',
  cancelled: 'cancelled',
  failedWithOutput: 'failed, with output',
  timedOut: 'timed out',
  cachedFailure: 'failed before, and was not tried again',
  unsupportedSystem: 'no builder can build it',
  logLimitExceeded: 'printed more than it may',
  outputLimitExceeded: 'has larger outputs than it may',
  notDeterministic: 'is not deterministic',
  resolved: 'became another derivation',
};

const byNumber = new Map<number, string>(
  Object.entries(buildStatus).map(([name, number]: [string, BuildStatus]) => [
    number,
    words[name as keyof typeof buildStatus], // a key of that very object
  ]),
);

export function describeStatus(status: number): string {
  return byNumber.get(status) ?? `ended with status ${status}`;
}
