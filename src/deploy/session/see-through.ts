/**
 * A command on a host from its beginning to its end: what is sent, the lines that come back, a deadline. When the
 * deadline passes or the signal fires it is left to itself; over there it notices once it reads or writes.
 */

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ProcessExit, RunningCommand } from '../../process/running-command.ts';
import { AppError } from '../../util/app-error.ts';
import { eachLine } from './each-line.ts';

export interface SeeThroughOptions {
  /** For messages: what runs where. */
  readonly what: string;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number | undefined;
  readonly stdin?: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  readonly onLine: (line: string, stream: 'stdout' | 'stderr') => void;
}

/**
 * How it ended, as `RunningCommand` says it. `start` has a signal that fires with the caller's
 * and at the deadline. Throws what it throws, `process.timeout` and `interrupted`. The command is over for us in any case.
 */
export async function seeThrough(
  start: (signal: AbortSignal) => Promise<RunningCommand>,
  options: SeeThroughOptions,
): Promise<ProcessExit> {
  const { signal, timeoutMs, what } = options;
  const late = new AbortController();
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => late.abort(), timeoutMs);
  const ended = AbortSignal.any([signal, late.signal]);
  const failIfEnded = (): void => {
    if (signal.aborted) throw new AppError('interrupted', `interrupted: ${what}`);
    if (!late.signal.aborted) return;
    throw new AppError(
      'process.timeout',
      `${what}: no end within ${(timeoutMs ?? 0) / 1000} s; it was cut off, and may still be running there`,
    );
  };
  let child: RunningCommand | undefined;
  const onAbort = (): void => void child?.kill();
  ended.addEventListener('abort', onAbort, { once: true });
  try {
    child = await start(ended);
    if (ended.aborted) onAbort();
    const { stdin } = child;
    if (options.stdin === undefined || options.stdin instanceof Uint8Array) {
      stdin.end(options.stdin ?? '');
    } else {
      // Whoever ends without reading all of it has its reasons, which the exit code says.
      void pipeline(Readable.from(options.stdin), stdin).catch(() => stdin.destroy());
    }
    const streams = { stdout: child.stdout, stderr: child.stderr };
    const reading = (['stdout', 'stderr'] as const).map((name) =>
      eachLine(streams[name], (line) => options.onLine(line, name)),
    );
    const exit = await child.exited;
    await Promise.all(reading);
    failIfEnded();
    return exit;
  } catch (error) {
    failIfEnded();
    throw error;
  } finally {
    clearTimeout(timer);
    ended.removeEventListener('abort', onAbort);
    await child?.kill();
  }
}
