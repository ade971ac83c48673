/**
 * Asks for a new password, twice. On a terminal nothing of it is shown; from a pipe two lines are read, so that a
 * script can give it without putting it on a command line.
 */

import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { AppError } from '../../util/app-error.ts';

export interface PromptStreams {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable;
  readonly signal: AbortSignal;
}

/** Throws `user.invalid` when the two differ or are empty, `interrupted`. */
export async function promptPassword(streams: PromptStreams): Promise<string> {
  const { input, output, signal } = streams;
  // Without an output readline reads keys as they are typed, and shows none.
  const lines = createInterface({ input, terminal: input.isTTY === true, signal });
  // Ctrl-C comes as a key while the terminal is read raw.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    const answers = lines[Symbol.asyncIterator]();
    const ask = async (question: string): Promise<string> => {
      output.write(question);
      const { value, done } = await answers.next();
      output.write('\n');
      if (signal.aborted) throw new AppError('interrupted', 'interrupted while asking for a password');
      return done === true ? '' : value;
    };
    const first = await ask('Password: ');
    if (first === '') throw new AppError('user.invalid', 'an empty password is not allowed');
    const second = await ask('Password Confirmation: ');
    if (first !== second) throw new AppError('user.invalid', "Passwords don't match.");
    return first;
  } finally {
    lines.close();
  }
}
