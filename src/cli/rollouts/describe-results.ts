/** What became of the hosts of a rollout: the last lines of each that failed, then a table of all. Pure. */

import type { HostOutcome } from '../../deploy/deploy-plan.ts';
import type { RolloutEnd } from '../../deploy/rollout/execute-rollout.ts';
import { printable } from '../../util/printable.ts';
import { renderTable } from '../client/render-table.ts';
import { resultWords } from './result-words.ts';

/** `tails`: the last lines that were told of each host. */
export function describeResults(
  end: RolloutEnd,
  tails: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const failed = end.outcomes.filter(({ result }) => result === 'failed' || result === 'rolled-back');
  const logs = failed.flatMap(({ host }) => {
    const lines = tails.get(host) ?? [];
    if (lines.length === 0) return [];
    return ['', `last lines of ${host}:`, ...lines.map((line) => `  | ${printable(line)}`)];
  });
  const rows = end.outcomes.map((outcome) => [outcome.host, resultWords[outcome.result], remarkOf(outcome)]);
  return [...logs, '', ...renderTable(['host', 'result', ''], rows, 'no hosts'), '', totals(end)];
}

/** 0: all is as planned. 4: it is, but not everywhere or not quite. 1: something failed, or it was aborted. */
export function exitCodeOfResult(result: RolloutEnd['result']): number {
  if (result === 'succeeded') return 0;
  return result === 'degraded' ? 4 : 1;
}

function remarkOf(outcome: HostOutcome): string {
  const text =
    outcome.result === 'deployed' ? '' : outcome.result === 'skipped' ? outcome.reason : outcome.message;
  return text.replaceAll(/\s*\n\s*/g, ' ');
}

function totals({ result, outcomes }: RolloutEnd): string {
  const counts = Object.entries(resultWords).flatMap(([kind, word]) => {
    const count = outcomes.filter((outcome) => outcome.result === kind).length;
    return count === 0 ? [] : [`${count} ${word}`];
  });
  return `${result}: ${counts.join(', ') || 'no hosts'}`;
}
