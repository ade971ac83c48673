/** The flags of the cache's benchmark. */

import { parseArgs } from 'node:util';
import { atLeast } from '../args/at-least.ts';
import { chosenCases } from '../args/chosen-cases.ts';

const names = [
  'hits',
  'misses',
  'no-front-door',
  'stored',
  'accel',
  'big',
  'small',
  'delay',
  'memory',
  'others',
] as const;

export type CacheCase = (typeof names)[number];

export interface CacheArgs {
  readonly rounds: number;
  /** Paths in the store that narinfos are asked for. */
  readonly paths: number;
  readonly cases: readonly CacheCase[];
}

/** Throws with the reason for an unknown flag or case, or a number that is none. */
export function parseCacheArgs(args: readonly string[]): CacheArgs {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      paths: { type: 'string', default: '20000' },
      case: { type: 'string', multiple: true, default: [...names] },
    },
  });
  return {
    rounds: atLeast(1, '--rounds', values.rounds),
    paths: atLeast(1, '--paths', values.paths),
    cases: chosenCases(names, values.case),
  };
}
