/**
 * Starting other programs so that none outlives its use.
 *
 * A process leads a group of its own (unless it must share the terminal), so that what it starts is signalled with
 * it: SIGTERM first, SIGKILL when it has not gone after a while. It also dies when Proteus itself dies in any way,
 * kill -9 included: the kernel sends it SIGKILL (`setpriv --pdeathsig`, from util-linux, on every Linux).
 * Closing, aborting the signal, and leaving an `await using` block all end in the same `kill`.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Readable } from 'node:stream';
import { AppError } from '../util/app-error.ts';
import type { ProcessExit, RunningCommand } from './running-command.ts';

/** A program and its arguments; never a shell line. */
export type Argv = readonly [string, ...string[]];

export interface StartOptions {
  readonly cwd?: string;
  /** The whole environment of the child. Default: ours. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Aborting it kills the process. */
  readonly signal?: AbortSignal | undefined;
  /** How long after SIGTERM comes SIGKILL. */
  readonly killAfterMs?: number;
  /**
   * True for programs that may talk to the user (ssh asking for a passphrase): they stay in our session, and only
   * they themselves are signalled, not what they start.
   */
  readonly terminal?: boolean;
  /** Where its standard error goes: a stream for us to read (default), ours, or nowhere. */
  readonly stderr?: 'pipe' | 'inherit' | 'ignore';
}

/** Its standard error has ended and is empty when `stderr` is not 'pipe'. It is ended gently first. */
export interface RunningProcess extends RunningCommand {
  readonly argv: Argv;
  readonly pid: number;
}

/** How long the output of a process that was killed may take to arrive. */
const lastWordsMs = 200;

const setpriv = ['/usr/bin/setpriv', '/run/current-system/sw/bin/setpriv'].find((path) => existsSync(path));

/**
 * Starts a program. Throws `process.missing` when it is not on PATH, `interrupted` when the signal has already
 * fired.
 */
export async function startProcess(argv: Argv, options: StartOptions = {}): Promise<RunningProcess> {
  if (options.signal?.aborted) throw new AppError('interrupted', `not started: ${argv[0]}`);
  const [command, ...args] =
    setpriv === undefined ? argv : ([setpriv, '--pdeathsig', 'KILL', '--', ...argv] as const);
  if (setpriv !== undefined && !isOnPath(argv[0], options.env?.PATH)) throw missing(argv[0]);
  const group = !options.terminal;
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env === undefined ? process.env : { ...options.env },
    detached: group,
    stdio: ['pipe', 'pipe', options.stderr ?? 'pipe'],
  });
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: 127, signal: null }));
  });
  await started(child, argv[0], options.cwd);
  const { pid, stdin, stdout } = child;
  if (pid === undefined || stdin === null || stdout === null) throw missing(argv[0]);
  // A child that goes away while we write is told by its exit code, not by an EPIPE that nobody awaits.
  stdin.on('error', () => {});

  let killed: Promise<void> | undefined;
  const send = (signal: NodeJS.Signals): void => {
    try {
      process.kill(group ? -pid : pid, signal);
    } catch {
      // Already gone, which is what we want.
    }
  };
  const kill = (): Promise<void> => {
    killed ??= (async () => {
      send('SIGTERM');
      const timer = setTimeout(() => send('SIGKILL'), options.killAfterMs ?? 3000);
      stdin.destroy();
      stdout.resume();
      child.stderr?.resume();
      await gone;
      clearTimeout(timer);
      // Its last words may still be on their way. But whoever it left behind can hold its pipes open for ever, and
      // output that nobody reads any more never comes to an end either.
      const words = setTimeout(() => {
        stdout.destroy();
        child.stderr?.destroy();
      }, lastWordsMs);
      await exited;
      clearTimeout(words);
    })();
    return killed;
  };
  const onAbort = (): void => void kill();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  // It may have fired while the process was being started.
  if (options.signal?.aborted) onAbort();
  void exited.then(() => options.signal?.removeEventListener('abort', onAbort));

  return {
    argv,
    pid,
    stdin,
    stdout,
    stderr: child.stderr ?? Readable.from([]),
    exited,
    kill,
    [Symbol.asyncDispose]: kill,
  };
}

function started(child: ChildProcess, command: string, cwd: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) =>
      reject(
        cwd !== undefined && !existsSync(cwd)
          ? new AppError('process.failed', `cannot start ${command}: the folder ${cwd} does not exist`, {
              cause,
            })
          : missing(command, cause),
      ),
    );
  });
}

function missing(command: string, cause?: unknown): AppError {
  return new AppError('process.missing', `the program ${command} is not installed, or not on PATH`, {
    cause,
  });
}

/** True when `command` can be found the way the shell would; a name with a slash is looked at as it is. */
export function isOnPath(command: string, path = process.env.PATH ?? ''): boolean {
  if (command.includes('/')) return existsSync(command);
  return path.split(':').some((dir) => dir !== '' && existsSync(`${dir}/${command}`));
}
