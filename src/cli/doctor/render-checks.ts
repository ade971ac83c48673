/** The findings for people: a mark, the name, what was found, and below it what to do. Pure. */

import type { Check } from './check.ts';

const marks = { ok: '✓', warning: '!', problem: '✗' } as const;

export function renderChecks(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, status, detail, mend }) => [
    `${marks[status]} ${name.padEnd(width)}  ${detail.trim().replaceAll('\n', '; ')}`,
    ...(mend === undefined ? [] : [`  ${' '.repeat(width)}  → ${mend}`]),
  ]);
  const problems = checks.filter(({ status }) => status === 'problem').length;
  const warnings = checks.filter(({ status }) => status === 'warning').length;
  const verdict =
    problems + warnings === 0
      ? 'all is well'
      : [problems > 0 ? `${problems} to mend` : '', warnings > 0 ? `${warnings} to look at` : '']
          .filter((part) => part !== '')
          .join(', ');
  return `${lines.join('\n')}\n\n${verdict}\n`;
}
