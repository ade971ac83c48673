/** `proteus rollout show ID`: what was planned, and what became of it. */

import { rolloutDetails } from '../../api/v1/schemas/rollout.ts';
import { isRolloutRunning } from '../../deploy/rollout/file-journal.ts';
import { readFileJournal } from '../../deploy/rollout/read-file-journal.ts';
import { planOfJournal } from '../../deploy/rollout/rollout-state.ts';
import { ago } from '../client/ago.ts';
import { type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { renderTable } from '../client/render-table.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { serverOfRollout } from '../fleet/find-rollout.ts';
import { renderRolloutDetails } from '../fleet/render-rollout.ts';
import { rolloutPath } from '../fleet/steer-rollout.ts';
import { describePlan } from '../rollouts/describe-plan.ts';
import { type HostSummary, journalSummary } from '../rollouts/journal-summary.ts';
import { rolloutsFolder } from '../rollouts/rollouts-folder.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command)
    .argument('<rollout>', 'its name, as proteus rollout list shows it')
    .addHelpText(
      'after',
      '\nExamples:\n  proteus rollout show 20260102-030405-abcd\n  proteus rollout show main-42-k3x9ab1\n',
    )
    .action((id: string, flags: ServerFlags) => {
      run(async (context) => {
        const client = await serverOfRollout(context, flags, id);
        if (client !== undefined) {
          const details = await client.get(rolloutPath(id), rolloutDetails);
          printResult(context, renderRolloutDetails(details).join('\n'), { rollout: details });
          return 0;
        }
        const folder = rolloutsFolder(context.env);
        const { entries } = await readFileJournal(folder, id);
        const summary = journalSummary(id, entries, isRolloutRunning(folder, id));
        const begun = ago(Math.floor(summary.plannedAt / 1000), Date.now());
        const lines = [
          `rollout ${id}: ${summary.state}, begun ${begun} by ${summary.by}${summary.why === '' ? '' : `: ${summary.why}`}`,
          ...describePlan(planOfJournal(id, entries)).slice(0, 1),
          '',
          ...renderTable(['host', 'result', ''], summary.hosts.map(rowOf), 'no hosts'),
        ];
        printResult(context, lines.join('\n'), { ...summary, entries });
        return 0;
      });
    });
};

function rowOf({ host, outcome, step }: HostSummary): readonly string[] {
  if (outcome === undefined) return [host, step === undefined ? 'not begun' : `begun: ${step}`, ''];
  const text =
    outcome.result === 'deployed' ? '' : outcome.result === 'skipped' ? outcome.reason : outcome.message;
  return [host, outcome.result, text.replaceAll(/\s*\n\s*/g, ' ')];
}
