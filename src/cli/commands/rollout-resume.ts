/** `proteus rollout resume [ID]`: goes on with a rollout that was interrupted, in whatever way. */

import { openFileJournal } from '../../deploy/rollout/file-journal.ts';
import { AppError } from '../../util/app-error.ts';
import { type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import type { CommandModule } from '../command-module.ts';
import { say } from '../context.ts';
import { serverOfRollout } from '../fleet/find-rollout.ts';
import { steerRollout } from '../fleet/steer-rollout.ts';
import { type ExecutionFlags, executionOptions, withExecutionFlags } from '../rollouts/execution-flags.ts';
import { listJournals } from '../rollouts/list-journals.ts';
import { rolloutsFolder } from '../rollouts/rollouts-folder.ts';
import { runRollout } from '../rollouts/run-rollout.ts';

type Flags = ServerFlags & ExecutionFlags;

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(
    withExecutionFlags(
      command.argument(
        '[rollout]',
        'its name (default: the one that was interrupted, when there is only one)',
      ),
    ),
  )
    .addHelpText(
      'after',
      `
Hosts that were done stay as they are; one that was being activated is seen to its end first. A rollout of a server goes on
there, after it was paused.

Examples:
  proteus rollout resume
  proteus rollout resume 20260102-030405-abcd
`,
    )
    .action((given: string | undefined, flags: Flags) => {
      run(async (context) => {
        const folder = rolloutsFolder(context.env);
        const client = given === undefined ? undefined : await serverOfRollout(context, flags, given);
        if (given !== undefined && client !== undefined) return steerRollout(context, flags, given, 'resume');
        const id = given ?? (await onlyInterrupted(folder));
        await using journal = await openFileJournal(folder, id);
        const ended = journal.entries.find((entry) => entry.type === 'ended');
        if (ended !== undefined) {
          throw new AppError('rollout.ended', `rollout ${id} has ended already: ${ended.result}`);
        }
        say(context, `going on with rollout ${id}`);
        return await runRollout(context, journal, executionOptions(context, flags));
      });
    });
};

async function onlyInterrupted(folder: string): Promise<string> {
  const { rollouts } = await listJournals(folder);
  const ids = rollouts.filter(({ state }) => state === 'interrupted').map(({ id }) => id);
  if (ids.length === 1 && ids[0] !== undefined) return ids[0];
  throw new AppError(
    'rollout.unknown',
    ids.length === 0
      ? 'no rollout was interrupted here'
      : `name one of the rollouts that were interrupted: ${ids.join(', ')}`,
  );
}
