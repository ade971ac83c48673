/** Running a program to its end and taking what it printed. */

import { AppError } from '../util/app-error.ts';
import { type Argv, type StartOptions, startProcess } from './start-process.ts';

export interface RunOptions extends StartOptions {
  /** Written to its standard input, which is then closed. */
  readonly input?: string | Uint8Array;
  /** Killed, and `process.timeout` thrown, when it takes longer. */
  readonly timeoutMs?: number | undefined;
  /** Exit codes that are not a failure. Default: 0. */
  readonly okCodes?: readonly number[];
}

export interface ProcessResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/**
 * Runs a program to its end. Throws `process.failed` with its last lines when the exit code is not in `okCodes`,
 * `process.timeout`, `interrupted` or `process.missing`.
 */
export async function runProcess(argv: Argv, options: RunOptions = {}): Promise<ProcessResult> {
  await using child = await startProcess(argv, options);
  let timedOut = false;
  const timer =
    options.timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          void child.kill();
        }, options.timeoutMs);
  child.stdin.end(options.input ?? '');
  const [stdout, stderr, exit] = await Promise.all([text(child.stdout), text(child.stderr), child.exited]);
  clearTimeout(timer);
  const command = shown(argv);
  if (options.signal?.aborted) throw new AppError('interrupted', `interrupted: ${command}`);
  if (timedOut) {
    throw new AppError('process.timeout', `${command} did not end within ${options.timeoutMs} ms`);
  }
  if (exit.code !== null && (options.okCodes ?? [0]).includes(exit.code)) {
    return { stdout, stderr, code: exit.code };
  }
  const how = exit.code === null ? `was killed by ${exit.signal}` : `ended with exit code ${exit.code}`;
  const tail = stderr.trimEnd().split('\n').slice(-20).join('\n');
  throw new AppError('process.failed', `${command} ${how}${tail === '' ? '' : `:\n${tail}`}`);
}

/** Of a command line: long ones hold scripts, or very many paths. */
const mostShown = 400;

function shown(argv: Argv): string {
  const all = argv.join(' ');
  return all.length <= mostShown ? all : `${all.slice(0, mostShown)} …`;
}

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk);
  } catch {
    // A killed child's pipe can break while it is read; the exit says what happened.
  }
  return Buffer.concat(chunks).toString('utf8');
}
