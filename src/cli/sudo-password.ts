/**
 * The password of sudo on hosts: asked for on the terminal, once for all hosts (`--passwd`), or what a command prints,
 * which is run each time that a password is needed (`--passcmd`), so that it can be one that does not stay the same. It is
 * never on a command line.
 */

import { createInterface } from 'node:readline';
import { runProcess } from '../process/run-process.ts';
import { AppError } from '../util/app-error.ts';
import type { CliContext } from './context.ts';

export interface SudoPasswordFlags {
  readonly passwd?: boolean | undefined;
  readonly passcmd?: string | undefined;
}

type Context = Pick<CliContext, 'stdin' | 'stderr' | 'env' | 'cwd'>;

/** Gives `''` when neither flag is given. Throws `deploy.no-password`. */
export function sudoPassword(
  flags: SudoPasswordFlags,
  context: Context,
): (signal: AbortSignal) => Promise<string> {
  let asked: Promise<string> | undefined;
  return async (signal) => {
    if (flags.passwd) {
      asked ??= askOnTerminal(context, signal);
      return asked;
    }
    const [command, ...args] = (flags.passcmd ?? '').split(/\s+/).filter((word) => word !== '');
    return command === undefined ? '' : printedBy([command, ...args], context, signal);
  };
}

async function printedBy(
  argv: readonly [string, ...string[]],
  { env, cwd }: Context,
  signal: AbortSignal,
): Promise<string> {
  // Not the whole command: it may hold the password itself.
  const failed = (how: string, cause?: unknown): AppError =>
    new AppError('deploy.no-password', `the command of --passcmd (${argv[0]}) ${how}`, { cause });
  const { stdout, code } = await runProcess(argv, {
    signal,
    env,
    cwd,
    terminal: true,
    okCodes: Array.from({ length: 256 }, (_, code) => code),
  }).catch((cause: unknown) => {
    if (signal.aborted) throw cause;
    throw failed('cannot be run', cause);
  });
  if (code !== 0) throw failed(`ended with exit code ${code}, wanted 0 and a password on standard output`);
  return stdout.replace(/\n$/, '');
}

async function askOnTerminal({ stdin, stderr }: Context, signal: AbortSignal): Promise<string> {
  if (stdin.isTTY !== true) {
    throw new AppError(
      'deploy.no-password',
      'inappropriate ioctl for device: the sudo password is asked for on a terminal, and standard input is none',
    );
  }
  stderr.write('Please enter remote sudo password: ');
  // Without an output readline reads keys as they are typed, and shows none.
  const lines = createInterface({ input: stdin, terminal: true, signal });
  // Ctrl-C comes as a key while the terminal is read raw.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    const { value, done } = await lines[Symbol.asyncIterator]().next();
    stderr.write('\n');
    if (signal.aborted) throw new AppError('interrupted', 'interrupted while asking for a password');
    return done === true ? '' : value;
  } finally {
    lines.close();
  }
}
