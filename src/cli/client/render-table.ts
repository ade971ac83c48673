/** Rows as a table for people: columns as wide as they must be, no lines between them. Pure. */

import { printable } from '../../util/printable.ts';

export type Cell = string | number | boolean | null | undefined;

/** Lines, the heading first; numbers stand to the right. `none` instead when there is no row. */
export function renderTable(
  heading: readonly string[],
  rows: readonly (readonly Cell[])[],
  none: string,
): readonly string[] {
  if (rows.length === 0) return [none];
  const texts = [heading, ...rows.map((row) => row.map(text))];
  const widths = heading.map((_, column) => Math.max(...texts.map((row) => (row[column] ?? '').length)));
  const isNumeric = heading.map((_, column) => rows.every((row) => typeof row[column] === 'number'));
  return texts.map((row) =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? '';
        return isNumeric[column] ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

function text(cell: Cell): string {
  if (cell === null || cell === undefined) return '-';
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no';
  return printable(String(cell));
}
