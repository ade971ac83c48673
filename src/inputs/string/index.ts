/** A text, handed to the expression as it is: no space is taken off it. */

import type { InputPlugin } from '../input.ts';
import { plainInput } from '../plain-input.ts';
import { invalidValue, valueProblem } from '../value-problem.ts';

export const stringInput: InputPlugin = {
  type: 'string',
  title: 'String',
  check: (value) => valueProblem(() => parse(value)),
  fetch: async (spec) => plainInput(spec, { kind: 'string', value: parse(spec.value) }),
};

function parse(value: string): string {
  // Nix ends a string there, or refuses it.
  if (value.includes('\0')) throw invalidValue('a text without NUL characters', value);
  return value;
}
