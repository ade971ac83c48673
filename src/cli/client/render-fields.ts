/** One thing as lines of name and value; what is empty is left out. Pure. */

import { printable } from '../../util/printable.ts';

export type Field = readonly [string, string | number | boolean | null | undefined];

export function renderFields(fields: readonly Field[]): readonly string[] {
  const shown = fields.filter(([, value]) => value !== null && value !== undefined && value !== '');
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => {
    const text = typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
    return `${name.padEnd(width)}  ${printable(text)}`;
  });
}
