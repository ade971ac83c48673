/** A Nix expression, handed on as it is; whether it is one shows when it is evaluated. */

import type { InputPlugin } from '../input.ts';
import { plainInput } from '../plain-input.ts';
import { invalidValue, valueProblem } from '../value-problem.ts';

export const nixInput: InputPlugin = {
  type: 'nix',
  title: 'Nix expression',
  check: (value) => valueProblem(() => parse(value)),
  fetch: async (spec) => plainInput(spec, { kind: 'nix', expression: parse(spec.value) }),
};

function parse(value: string): string {
  if (value.trim() === '' || value.includes('\0')) throw invalidValue('a Nix expression', value);
  return value;
}
