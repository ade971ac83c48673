/** A flag that takes one value and is given twice is a mistake, as under Morph: the last one must not win silently. */

import { AppError } from '../util/app-error.ts';

/** Flags that may be given more than once. */
const lists = new Set([
  'key',
  'builders',
  'include',
  'option',
  'role',
  'input',
  'remove-input',
  'window',
  'path',
]);

/** Throws `usage.invalid` naming the flag that is given twice. */
export function refuseRepeatedFlags(args: readonly string[]): void {
  const seen = new Set<string>();
  for (const arg of args) {
    if (arg === '--') return;
    const flag = /^--(?:no-)?([a-z][a-z-]*)/.exec(arg)?.[1];
    if (flag === undefined || lists.has(flag)) continue;
    if (seen.has(flag)) throw new AppError('usage.invalid', `flag '${flag}' cannot be repeated, try --help`);
    seen.add(flag);
  }
}
