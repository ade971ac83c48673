/** `proteus rollout execute FILE`: a rollout that was planned before, exactly as it was planned. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parsePlan } from '../../deploy/rollout/plan-schema.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { parseJson } from '../../util/parse-json.ts';
import type { CommandModule } from '../command-module.ts';
import { beginRollout } from '../rollouts/begin-rollout.ts';
import { type ExecutionFlags, executionOptions, withExecutionFlags } from '../rollouts/execution-flags.ts';

interface Flags extends ExecutionFlags {
  readonly ask?: boolean;
  readonly why?: string;
}

export const define: CommandModule['define'] = (command, run) => {
  withExecutionFlags(command.argument('<plan>', 'a file that --save-plan wrote'))
    .option('--ask', 'show the plan and ask before any host is touched')
    .option('--why <text>', 'the reason, for those who look at the rollout later')
    .addHelpText(
      'after',
      `
Nothing is evaluated or built: the systems must be in the store (--keep-result keeps them from the garbage collector).

Examples:
  proteus deploy network.nix switch --keep-result --save-plan tonight.json
  proteus rollout execute tonight.json
`,
    )
    .action((file: string, flags: Flags) => {
      run(async (context) => {
        const absolute = path.resolve(context.cwd, file);
        const text = await readFile(absolute, 'utf8').catch((cause: unknown) => {
          throw new AppError('rollout.plan-invalid', `cannot read ${file}: ${errorMessage(cause)}`, {
            cause,
          });
        });
        const plan = parsePlan(parseJson(text), file);
        const { ask, why } = flags;
        return beginRollout(context, plan, { ask, why }, executionOptions(context, flags));
      });
    });
};
