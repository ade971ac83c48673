/** Benchmark lines as a table for people. */

import type { BenchCase } from './bench-case.ts';

export function renderTable(cases: readonly BenchCase[]): string {
  const rows = [
    ['case', 'ours', 'peer', '', 'ratio', 'target', ''],
    ...cases.map((row) => [
      row.case,
      `${figure(row.ours)} ${row.unit}`,
      `${figure(row.peer)} ${row.unit}`,
      row.peerName,
      row.ratio.toFixed(3),
      row.target ?? '',
      row.target === null ? '' : row.ok ? 'ok' : 'MISSED',
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
