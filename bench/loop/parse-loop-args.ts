/** The flags of the loop benchmark. */

import path from 'node:path';
import { parseArgs } from 'node:util';

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
    rounds: wholeNumber('--rounds', values.rounds),
    builds: wholeNumber('--builds', values.builds),
    nixpkgs: values.nixpkgs === undefined ? undefined : path.resolve(values.nixpkgs),
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
