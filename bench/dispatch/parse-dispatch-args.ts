/** The flags of the dispatch benchmark. */

import { parseArgs } from 'node:util';

const names = ['graph', 'chain', 'remote', 'restart'] as const;

export type DispatchCase = (typeof names)[number];

export interface DispatchArgs {
  readonly rounds: number;
  readonly cases: readonly DispatchCase[];
  /** Builds of the restart, of which one is new. */
  readonly builds: number;
}

/** Throws with the reason for an unknown flag or case, or a number that is none. */
export function parseDispatchArgs(args: readonly string[]): DispatchArgs {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '7' },
      builds: { type: 'string', default: '100000' },
      case: { type: 'string', multiple: true, default: [...names] },
    },
  });
  return {
    rounds: wholeNumber('--rounds', values.rounds),
    builds: wholeNumber('--builds', values.builds),
    cases: values.case.map((name) => {
      const found = names.find((known) => known === name);
      if (found === undefined) throw new Error(`--case wants one of ${names.join(', ')}, got '${name}'`);
      return found;
    }),
  };
}

function wholeNumber(flag: string, text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value >= 1) return value;
  throw new Error(`${flag} wants a whole number of 1 or more, got '${text}'`);
}
