/**
 * One ssh to a host from its beginning to its end: what is sent, the lines that come back, a deadline. When the
 * deadline passes or the signal fires ssh is ended here; a command over there notices once it reads or writes.
 */

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Argv, startProcess } from '../../process/start-process.ts';
import { AppError } from '../../util/app-error.ts';
import { eachLine } from './each-line.ts';

export interface RunSshOptions {
  /** For messages: what runs where. */
  readonly what: string;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number | undefined;
  readonly stdin?: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  readonly onLine: (line: string, stream: 'stdout' | 'stderr') => void;
}

/** The exit code: 255 is ssh's own, null when somebody killed it. Throws `process.timeout`, `interrupted`, `process.missing`. */
export async function runSsh(argv: Argv, options: RunSshOptions): Promise<number | null> {
  const { signal, timeoutMs, what } = options;
  await using child = await startProcess(argv, { signal });
  let timedOut = false;
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          void child.kill();
        }, timeoutMs);
  if (options.stdin === undefined || options.stdin instanceof Uint8Array) {
    child.stdin.end(options.stdin ?? '');
  } else {
    // Whoever ends without reading all of it has its reasons, which the exit code says.
    void pipeline(Readable.from(options.stdin), child.stdin).catch(() => child.stdin.destroy());
  }
  const reading = (['stdout', 'stderr'] as const).map((name) =>
    eachLine(child[name], (line) => options.onLine(line, name)),
  );
  const exit = await child.exited;
  clearTimeout(timer);
  await Promise.all(reading);
  if (signal.aborted) throw new AppError('interrupted', `interrupted: ${what}`);
  if (timedOut) {
    throw new AppError(
      'process.timeout',
      `${what}: no end within ${(timeoutMs ?? 0) / 1000} s; it was cut off, and may still be running there`,
    );
  }
  return exit.code;
}
