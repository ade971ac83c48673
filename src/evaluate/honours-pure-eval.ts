/** Whether the repl of this Nix evaluates purely when it is told to: 2.26 does, 2.8 does not. Seen by trying. */

import { stripAnsi } from '../nix/strip-ansi.ts';
import { runProcess } from '../process/run-process.ts';

interface Options {
  readonly signal?: AbortSignal | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

export async function honoursPureEval({ signal, env }: Options): Promise<boolean> {
  const { stdout } = await runProcess(['nix', 'repl', '--option', 'pure-eval', 'true'], {
    input: 'builtins ? currentTime\n',
    signal,
    ...(env === undefined ? {} : { env }),
  });
  return /^false$/m.test(stripAnsi(stdout));
}
