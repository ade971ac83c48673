/**
 * What a daemon's build result means for the step. Not the derivation's fault is a failure that tells of a broken
 * connection behind the daemon (it may be using builders or substituters of its own). What Nix calls transient is a
 * fixed-output derivation that failed, whose source may be reached from elsewhere, or a full disk.
 */

import type { StepFailure } from '../events/event.ts';
import type { BuildResult } from '../store/store.ts';
import type { BuildQueueOptions } from './build-queue.ts';

export type Verdict =
  | { readonly ok: true; readonly how: 'built' | 'substituted' | 'already-valid' }
  | {
      readonly ok: false;
      readonly reason: StepFailure;
      readonly message: string;
      /** Whether the derivation would fail again: always, or not elsewhere or later, as what it fetches was not there. */
      readonly again?: 'always' | 'perhaps-not';
    };

type GivenLimits = Pick<BuildQueueOptions, 'maxSilentSeconds' | 'timeoutSeconds'>;

/** `limits`: those the build was given; Nix no longer says which of its two clocks ended a build. */
export function judgeResult(result: BuildResult, limits: GivenLimits = {}): Verdict {
  const failed = (reason: StepFailure, again?: 'always' | 'perhaps-not'): Verdict => ({
    ok: false,
    reason,
    message: failureSentence(result.errorMessage) || `the daemon said ${result.status}`,
    ...(again !== undefined && { again }),
  });
  switch (result.status) {
    case 'built':
    case 'substituted':
    case 'already-valid':
      return { ok: true, how: result.status };
    case 'resolves-to-already-valid':
      return { ok: true, how: 'already-valid' };
    case 'timed-out':
      return failed(tellsOfSilence(result.errorMessage, limits) ? 'silent' : 'timed-out');
    case 'log-limit-exceeded':
      return failed('log-limit');
    case 'output-rejected':
      return failed('output-rejected', 'always');
    case 'dependency-failed':
      return failed('dependency-failed');
    case 'transient-failure':
      return failed('build-failed', 'perhaps-not');
    case 'misc-failure':
      return failed(tellsOfLostConnection(result.errorMessage) ? 'builder-lost' : 'build-failed');
    case 'permanent-failure':
    case 'input-rejected':
    case 'cached-failure':
    case 'not-deterministic':
      return failed('build-failed', 'always');
    case 'no-substituters':
      return failed('build-failed');
  }
}

/**
 * Nix's message without what we tell better: since 2.30 it goes on with the outputs and the end of the log, before
 * that with the end of the log alone.
 */
function failureSentence(message: string): string {
  return message
    .replace(/\n\s*last \d+ log lines:[\s\S]*$/i, '')
    .replace(/\nOutput paths:(?:\n\s+\S+)*/, '')
    .replace(/^Cannot build '[^']*'\.\nReason: /, '')
    .trim()
    .replace(/[.;]$/, '');
}

/** 2.8 says so; 2.34 only how many seconds it waited. */
function tellsOfSilence(message: string, { maxSilentSeconds, timeoutSeconds }: GivenLimits): boolean {
  if (/\bsilence\b/.test(message)) return true;
  const seconds = /timed out after (\d+) seconds/.exec(message)?.[1];
  return seconds !== undefined && Number(seconds) === maxSilentSeconds && maxSilentSeconds !== timeoutSeconds;
}

function tellsOfLostConnection(message: string): boolean {
  return /broken pipe|connection (?:reset|refused|closed|timed out)|cannot connect|end[- ]of[- ]file|unexpected EOF/i.test(
    message,
  );
}
