/** `proteus rollout show ID`: what was planned, and what became of it. */

import { isRolloutRunning } from '../../deploy/rollout/file-journal.ts';
import { readFileJournal } from '../../deploy/rollout/read-file-journal.ts';
import { planOfJournal } from '../../deploy/rollout/rollout-state.ts';
import { ago } from '../client/ago.ts';
import { renderTable } from '../client/render-table.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { describePlan } from '../rollouts/describe-plan.ts';
import { type HostSummary, journalSummary } from '../rollouts/journal-summary.ts';
import { rolloutsFolder } from '../rollouts/rollouts-folder.ts';

export const define: CommandModule['define'] = (command, run) => {
  command
    .argument('<rollout>', 'its name, as proteus rollout list shows it')
    .addHelpText('after', '\nExample:\n  proteus rollout show 20260102-030405-abcd\n')
    .action((id: string) => {
      run(async (context) => {
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
