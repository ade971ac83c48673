/** The flags of the dispatch benchmark. */

import { parseArgs } from 'node:util';
import { atLeast } from '../args/at-least.ts';
import { chosenCases } from '../args/chosen-cases.ts';

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
    rounds: atLeast(1, '--rounds', values.rounds),
    builds: atLeast(1, '--builds', values.builds),
    cases: chosenCases(names, values.case),
  };
}
