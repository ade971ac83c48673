/**
 * The limits of one build, enforced on our side. The daemon is given the same limits and normally ends the build
 * itself; this is for daemons that do not (untrusted, half-open, of another make), so the times have a grace.
 */

import type { Verdict } from './step-failure.ts';

export interface BuildLimits {
  /** Seconds without a line of log. */
  readonly maxSilentSeconds?: number | undefined;
  /** Seconds in all. */
  readonly timeoutSeconds?: number | undefined;
  readonly maxLogBytes?: number | undefined;
}

export interface LimitWatch extends Disposable {
  /** Fires when a limit is exceeded. */
  readonly signal: AbortSignal;
  readonly exceeded: Verdict | undefined;
  /** A line came; `bytes` of log in all. */
  onLine(bytes: number): void;
}

const graceMs = 5000;
/** Timers cannot be longer than this many milliseconds. */
const longestTimerMs = 2 ** 31 - 1;

export function watchLimits(limits: BuildLimits): LimitWatch {
  const abort = new AbortController();
  let exceeded: Verdict | undefined;
  const exceed = (reason: 'silent' | 'timed-out' | 'log-limit', message: string): void => {
    if (exceeded !== undefined) return;
    exceeded = { ok: false, reason, message };
    abort.abort();
  };
  const { maxSilentSeconds, timeoutSeconds, maxLogBytes } = limits;
  const total = startTimer(timeoutSeconds, () =>
    exceed('timed-out', `the build took longer than ${timeoutSeconds} seconds`),
  );
  const silence = startTimer(maxSilentSeconds, () =>
    exceed('silent', `the build printed nothing for ${maxSilentSeconds} seconds`),
  );
  return {
    signal: abort.signal,
    get exceeded() {
      return exceeded;
    },
    onLine(bytes) {
      silence?.refresh();
      if (maxLogBytes !== undefined && bytes > maxLogBytes) {
        exceed('log-limit', `the build printed more than ${maxLogBytes} bytes`);
      }
    },
    [Symbol.dispose]() {
      clearTimeout(total);
      clearTimeout(silence);
    },
  };
}

function startTimer(seconds: number | undefined, onEnd: () => void): NodeJS.Timeout | undefined {
  if (seconds === undefined || seconds === 0) return undefined;
  return setTimeout(onEnd, Math.min(seconds * 1000 + graceMs, longestTimerMs));
}
