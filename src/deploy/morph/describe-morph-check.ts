/** The lines that Morph prints about checks. */

import type { ProteusEvent } from '../../events/event.ts';

type CheckEvent = Extract<ProteusEvent, { readonly type: 'host.check' }>;

/** One try of a check. What a command printed ends its line, as programs do. */
export function describeMorphCheck({ description, ok, reason = '' }: CheckEvent): string {
  if (ok) return `\t* ${description}: OK\n`;
  const printed = reason.startsWith('output: ') && reason !== 'output: ';
  return `\t* ${description}: Failed (${reason}${printed ? '\n' : ''})\n`;
}
