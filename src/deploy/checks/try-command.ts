/** One try of a check that is a command on the host: exit code 0 is success. The reasons are in Morph's words. */

import type { CommandCheck } from '../../network/network.ts';
import { withinSeconds } from './within-seconds.ts';

/** Runs words on the host, which its login shell reads again; the exit code. Ends it when the signal fires. */
export type RunCommand = (
  words: readonly string[],
  options: { readonly signal: AbortSignal; readonly onLine: (line: string) => void },
) => Promise<number>;

/** Of what a command prints, the last lines are kept: some print without end. */
const linesKept = 100;

/** Why it failed; undefined when it succeeded. Throws what `runCommand` throws. */
export async function tryCommand(
  check: CommandCheck,
  { runCommand, signal }: { readonly runCommand: RunCommand; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const words = check.cmd ?? [];
  if (words.length === 0) return 'error: No command specified';
  const output: string[] = [];
  return withinSeconds(check.timeout, signal, async (ended) => {
    const code = await runCommand(words, {
      signal: ended,
      onLine(line) {
        output.push(line);
        if (output.length > linesKept) output.shift();
      },
    });
    return code === 0 ? undefined : `output: ${output.join('\n')}`;
  });
}
