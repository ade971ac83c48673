/**
 * Whether the repl of this Nix keeps the failure of a value, and tells it again when the value is wanted again: 2.34
 * does, 2.26 evaluates it anew. Seen by trying.
 */

import { runProcess } from '../process/run-process.ts';

interface Options {
  readonly signal?: AbortSignal | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

export async function remembersFailures({ signal, env }: Options): Promise<boolean> {
  const { stderr } = await runProcess(['nix', 'repl'], {
    input: 'value = builtins.trace "evaluated" (throw "failed")\nvalue\nvalue\n',
    signal,
    ...(env === undefined ? {} : { env }),
  });
  return (stderr.match(/trace: evaluated/g) ?? []).length === 1;
}
