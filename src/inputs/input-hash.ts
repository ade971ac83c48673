/**
 * Whether anything that an evaluation depends on has changed: one hash over all that goes in. Hydra's has the expression
 * and the arguments; ours also has how Nix evaluates, so that another version or option gives a new evaluation.
 */

import { createHash } from 'node:crypto';
import type { ResolvedInput } from './input.ts';
import { inputArguments } from './input-arguments.ts';

export interface HashedEvaluation {
  /** Where the jobs are: the kind of jobset, its input and path, or the locked URL of its flake. */
  readonly expression: Readonly<Record<string, string>>;
  readonly inputs: readonly ResolvedInput[];
  readonly nixVersion: string;
  /** Settings that can change what comes out: Nix options, whether imports from derivations are allowed, URIs. */
  readonly options: Readonly<Record<string, string>>;
}

/** sha256, base 16. */
export function inputHash({ expression, inputs, nixVersion, options }: HashedEvaluation): string {
  const { includes, args } = inputArguments(inputs);
  const all = [sorted(expression), includes, sorted(args), nixVersion, sorted(options)];
  return createHash('sha256').update(JSON.stringify(all)).digest('hex');
}

function sorted(record: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
