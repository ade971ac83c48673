/** The flags of the benchmark of lists. */

import { parseArgs } from 'node:util';
import type { Dialect } from '../../src/db/connection.ts';
import { atLeast } from '../args/at-least.ts';

export interface ListsArgs {
  readonly dialects: readonly Dialect[];
  /** About as many builds. */
  readonly builds: number;
  readonly rounds: number;
}

/** Throws with the reason for an unknown flag or a number that is none. */
export function parseListsArgs(args: readonly string[]): ListsArgs {
  const { values } = parseArgs({
    args: [...args],
    options: {
      postgres: { type: 'boolean', default: false },
      sqlite: { type: 'boolean', default: false },
      builds: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '60' },
    },
  });
  const dialects = (['sqlite', 'postgres'] as const).filter((dialect) => values[dialect]);
  return {
    dialects: dialects.length === 0 ? ['sqlite'] : dialects,
    builds: atLeast(20_000, '--builds', values.builds),
    rounds: atLeast(5, '--rounds', values.rounds),
  };
}
