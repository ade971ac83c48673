/** The status as the few lines that the live display redraws. Pure. */

import { formatDuration } from '../../util/format-duration.ts';
import { printable } from '../../util/printable.ts';
import type { Status } from './monitor.ts';

const mostLines = 12;

/** Lines no wider than `columns`; none when nothing runs. */
export function renderStatus(status: Status, now: number, columns: number): readonly string[] {
  if (status.running.size === 0) return [];
  const items = [...status.running.values()];
  const shown = items.slice(0, mostLines);
  const totals = [
    ...(status.evaluationTotal > 0 ? [`evaluated ${status.evaluated}/${status.evaluationTotal}`] : []),
    ...(status.toBuild > 0 ? [`built ${status.built}/${status.toBuild}`] : []),
    ...(status.queued > 0 ? [`builds ${status.finished}/${status.queued}`] : []),
    ...(status.failed > 0 ? [`failed ${status.failed}`] : []),
  ].join('  ');
  const lines = [
    ...shown.map(
      ({ label, detail, since }) =>
        `  ${label} ${formatDuration(Math.floor((now - since) / 1000) * 1000)}${detail === '' ? '' : `: ${printable(detail)}`}`,
    ),
    ...(items.length > shown.length ? [`  … and ${items.length - shown.length} more`] : []),
    ...(totals === '' ? [] : [`  ${totals}`]),
  ];
  return lines.map((line) => line.slice(0, Math.max(columns - 1, 1)));
}
