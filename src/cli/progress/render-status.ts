/** The status as the few lines that the live display redraws. Pure. */

import { formatDuration } from '../../util/format-duration.ts';
import { printable } from '../../util/printable.ts';
import type { RunningItem, Status } from './monitor.ts';
import { renderRollout } from './monitor-rollout.ts';

const mostLines = 12;

/** Lines no wider than `columns`; none when nothing runs and no rollout waits. */
export function renderStatus(status: Status, now: number, columns: number): readonly string[] {
  if (!isBusy(status)) return [];
  const items = [...status.running.values()];
  const shown = items.slice(0, mostLines);
  const totals = [
    ...(status.evaluationTotal > 0 ? [`evaluated ${status.evaluated}/${status.evaluationTotal}`] : []),
    ...(status.toBuild > 0 ? [`built ${status.built}/${status.toBuild}`] : []),
    ...(status.queued > 0 ? [`builds ${status.finished}/${status.queued}`] : []),
    ...(status.failed > 0 ? [`failed ${status.failed}`] : []),
  ].join('  ');
  const lines = [
    ...shown.map((item) => renderItem(item, now)),
    ...(items.length > shown.length ? [`  … and ${items.length - shown.length} more`] : []),
    ...(totals === '' ? [] : [`  ${totals}`]),
    ...(status.rollout === undefined ? [] : [`  ${renderRollout(status.rollout)}`]),
  ];
  return lines.map((line) => line.slice(0, Math.max(columns - 1, 1)));
}

/** Whether there is anything to show. */
export function isBusy({ running, rollout }: Status): boolean {
  return running.size > 0 || (rollout !== undefined && rollout.waiting !== '');
}

function renderItem({ label, phase, detail, since }: RunningItem, now: number): string {
  const details = [...(phase === undefined ? [] : [phase]), ...(detail === '' ? [] : [printable(detail)])];
  const elapsed = formatDuration(Math.floor((now - since) / 1000) * 1000);
  return `  ${[`${label} ${elapsed}`, ...details].join(': ')}`;
}
