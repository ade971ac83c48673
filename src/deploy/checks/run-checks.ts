/**
 * The checks of one host, before or after its activation. All run at the same time; each is tried again, a period after
 * its last try has failed, until it has succeeded once. It is over when every one has, when the time for all of them is
 * over, or when the signal fires; then no try is left running, neither a request nor a command.
 */

import type { Emit } from '../../events/event.ts';
import type { HostChecks } from '../../network/network.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { pause } from '../../util/pause.ts';
import { type RunCommand, tryCommand } from './try-command.ts';
import { tryHttp } from './try-http.ts';

export interface RunChecksOptions {
  /** Where HTTP checks ask that name no host of their own. */
  readonly host: string;
  /** Of the host, in events and messages. */
  readonly name: string;
  readonly kind: 'pre-deploy' | 'health';
  readonly runCommand: RunCommand;
  /** For all of them together; 0 or less: as long as it takes. */
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

interface Check {
  readonly description: string;
  readonly periodMs: number;
  /** Why it failed; undefined when it succeeded. */
  readonly attempt: (signal: AbortSignal) => Promise<string | undefined>;
  lastReason: string | undefined;
  succeeded: boolean;
}

const names = { 'pre-deploy': 'pre-deploy checks', health: 'health checks' } as const;
/** Between tries of a check whose period is 0: each may be a login. */
const leastPeriodMs = 100;
const longestTimer = 2 ** 31 - 1;

/** Resolves when every check has succeeded once. Throws `deploy.check-failed` when the time is over, or `interrupted`. */
export async function runChecks(checks: HostChecks, options: RunChecksOptions): Promise<void> {
  const { signal, timeoutSeconds } = options;
  const all = prepare(checks, options);
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const timer =
    timeoutSeconds > 0
      ? setTimeout(() => over.abort(), Math.min(timeoutSeconds * 1000, longestTimer))
      : undefined;
  try {
    await Promise.all(all.map((check) => untilSuccess(check, stop, options)));
  } finally {
    clearTimeout(timer);
  }
  const failed = all.filter(({ succeeded }) => !succeeded);
  if (failed.length === 0) return;
  if (signal.aborted) {
    throw new AppError('interrupted', `${options.name}: interrupted while its ${names[options.kind]} ran`);
  }
  const reasons = failed.map(
    ({ description, lastReason = 'no try ended' }) => `${description} (${lastReason})`,
  );
  throw new AppError(
    'deploy.check-failed',
    `${options.name}: ${names[options.kind]} did not succeed within ${timeoutSeconds} seconds: ${reasons.join(', ')}`,
  );
}

function prepare(checks: HostChecks, { host, runCommand }: RunChecksOptions): readonly Check[] {
  const check = ({
    description,
    period,
  }: {
    description: string;
    period: number;
  }): Omit<Check, 'attempt'> => ({
    description,
    periodMs: Math.min(Math.max(period * 1000, leastPeriodMs), longestTimer),
    lastReason: undefined,
    succeeded: false,
  });
  return [
    ...checks.cmd.map((spec) => ({
      ...check(spec),
      attempt: (signal: AbortSignal) => tryCommand(spec, { runCommand, signal }),
    })),
    ...checks.http.map((spec) => ({
      ...check(spec),
      attempt: (signal: AbortSignal) => tryHttp(spec, { host, signal }),
    })),
  ];
}

/** Resolves, without success, when the signal fires. */
async function untilSuccess(check: Check, signal: AbortSignal, options: RunChecksOptions): Promise<void> {
  const { emit, name, kind } = options;
  const { description } = check;
  while (!signal.aborted) {
    const reason = await check.attempt(signal).catch(errorMessage);
    // What fails because it was ended says nothing of the host.
    if (signal.aborted && reason !== undefined) return;
    check.lastReason = reason;
    check.succeeded = reason === undefined;
    emit({
      type: 'host.check',
      host: name,
      kind,
      description,
      ok: check.succeeded,
      ...(reason === undefined ? {} : { reason }),
    });
    if (check.succeeded) return;
    await pause(check.periodMs, signal).catch(() => {});
  }
}
