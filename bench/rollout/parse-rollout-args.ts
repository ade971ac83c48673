/** The flags of the rollout benchmark. */

import { parseArgs } from 'node:util';
import { atLeast } from '../args/at-least.ts';
import { chosenCases } from '../args/chosen-cases.ts';

const names = ['plain', 'usual'] as const;

export type RolloutCase = (typeof names)[number];

export interface RolloutArgs {
  readonly rounds: number;
  readonly hosts: number;
  readonly cases: readonly RolloutCase[];
  /** A `morph` program to be measured instead of its commands. */
  readonly morph: string | undefined;
}

/** Throws with the reason for an unknown flag, or a number that is none. */
export function parseRolloutArgs(args: readonly string[]): RolloutArgs {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '3' },
      hosts: { type: 'string', default: '16' },
      case: { type: 'string', multiple: true, default: [...names] },
      morph: { type: 'string' },
    },
  });
  return {
    rounds: atLeast(1, '--rounds', values.rounds),
    hosts: atLeast(1, '--hosts', values.hosts),
    cases: chosenCases(names, values.case),
    morph: values.morph,
  };
}
