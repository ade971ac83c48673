/**
 * What a daemon's build result means for the step. Only what is not the derivation's fault may be tried again:
 * a transient failure, and a failure that tells of a broken connection behind the daemon (it may be using builders
 * or substituters of its own).
 */

import type { StepFailure } from '../events/event.ts';
import type { BuildResult } from '../store/store.ts';

export type Verdict =
  | { readonly ok: true; readonly how: 'built' | 'substituted' | 'already-valid' }
  | { readonly ok: false; readonly reason: StepFailure; readonly message: string };

export function judgeResult(result: BuildResult): Verdict {
  const failed = (reason: StepFailure): Verdict => ({
    ok: false,
    reason,
    message: result.errorMessage.trim() || `the daemon said ${result.status}`,
  });
  switch (result.status) {
    case 'built':
    case 'substituted':
    case 'already-valid':
      return { ok: true, how: result.status };
    case 'resolves-to-already-valid':
      return { ok: true, how: 'already-valid' };
    case 'timed-out':
      return failed(/\bsilence\b/.test(result.errorMessage) ? 'silent' : 'timed-out');
    case 'log-limit-exceeded':
      return failed('log-limit');
    case 'output-rejected':
      return failed('output-rejected');
    case 'dependency-failed':
      return failed('dependency-failed');
    case 'transient-failure':
      return failed('builder-lost');
    case 'misc-failure':
      return failed(tellsOfLostConnection(result.errorMessage) ? 'builder-lost' : 'build-failed');
    case 'permanent-failure':
    case 'input-rejected':
    case 'cached-failure':
    case 'not-deterministic':
    case 'no-substituters':
      return failed('build-failed');
  }
}

function tellsOfLostConnection(message: string): boolean {
  return /broken pipe|connection (?:reset|refused|closed|timed out)|cannot connect|end[- ]of[- ]file|unexpected EOF/i.test(
    message,
  );
}
