/** A transport over the standard input and output of a program: `nix-daemon --stdio`, or ssh that starts it elsewhere. */

import { setTimeout as delay } from 'node:timers/promises';
import type { RunningCommand } from '../process/running-command.ts';
import { type Argv, startProcess } from '../process/start-process.ts';
import { AppError } from '../util/app-error.ts';
import type { Transport } from './transport.ts';

const goodbyeMs = 2000;
/** How long the last words of a program that has closed its output are waited for. */
const lastWordsMs = 1000;
const keptBytes = 8192;
const keptLines = 20;

/** Starts the program; throws `process.missing` or `interrupted`. */
export async function connectStdio(
  argv: Argv,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  } = {},
): Promise<Transport> {
  // The program itself must not have the signal, which ends a call and not the connection.
  if (options.signal?.aborted) throw new AppError('interrupted', `not started: ${argv[0]}`);
  return overStdio(await startProcess(argv, options.env === undefined ? {} : { env: options.env }));
}

/** The same over a program that runs already. */
export function overStdio(child: RunningCommand): Transport {
  const said = keepTail(child);
  const within = async (ms: number): Promise<void> => {
    const timer = new AbortController();
    await Promise.race([child.exited, delay(ms, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
  };
  return {
    input: child.stdout,
    output: child.stdin,
    diagnostics: async () => {
      await within(lastWordsMs);
      return said();
    },
    close: async () => {
      child.stdin.end();
      child.stdout.resume();
      await within(goodbyeMs);
      await child.kill();
    },
    destroy: () => child.kill(),
  };
}

function keepTail(child: RunningCommand): () => string {
  let tail = '';
  child.stderr.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString('utf8')).slice(-keptBytes);
  });
  return () => tail.trim().split('\n').slice(-keptLines).join('\n');
}
