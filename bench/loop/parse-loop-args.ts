/** The flags of the loop benchmark. */

import path from 'node:path';
import { parseArgs } from 'node:util';
import { atLeast } from '../args/at-least.ts';
import { chosenCases } from '../args/chosen-cases.ts';

const names = ['push', 'restart'] as const;

export interface LoopArgs {
  readonly rounds: number;
  readonly cases: readonly (typeof names)[number][];
  /** A NixOS source tree, absolute; undefined: the example network. */
  readonly nixpkgs: string | undefined;
  /** Builds of the restart, of which one is new. */
  readonly builds: number;
}

/** Throws with the reason for an unknown flag or case, or a number that is none. */
export function parseLoopArgs(args: readonly string[]): LoopArgs {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      builds: { type: 'string', default: '100000' },
      nixpkgs: { type: 'string' },
      case: { type: 'string', multiple: true, default: [...names] },
    },
  });
  return {
    rounds: atLeast(1, '--rounds', values.rounds),
    builds: atLeast(1, '--builds', values.builds),
    nixpkgs: values.nixpkgs === undefined ? undefined : path.resolve(values.nixpkgs),
    cases: chosenCases(names, values.case),
  };
}
