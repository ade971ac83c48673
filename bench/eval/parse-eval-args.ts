/** The flags of the evaluation benchmark. */

import path from 'node:path';
import { parseArgs } from 'node:util';
import { atLeast } from '../args/at-least.ts';

export interface EvalArgs {
  /** A NixOS source tree, absolute; undefined: the example network, which needs none. */
  readonly nixpkgs: string | undefined;
  readonly rounds: number;
  readonly machines: number;
}

/** Throws with the reason for an unknown flag or a number that is none. */
export function parseEvalArgs(args: readonly string[]): EvalArgs {
  const { values } = parseArgs({
    args: [...args],
    options: {
      nixpkgs: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      machines: { type: 'string', default: '8' },
    },
  });
  return {
    nixpkgs: values.nixpkgs === undefined ? undefined : path.resolve(values.nixpkgs),
    rounds: atLeast(1, '--rounds', values.rounds),
    // The peer of two processes needs a machine for each.
    machines: atLeast(2, '--machines', values.machines),
  };
}
