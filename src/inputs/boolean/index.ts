/** `true` or `false`, exactly. */

import type { InputPlugin } from '../input.ts';
import { plainInput } from '../plain-input.ts';
import { invalidValue, valueProblem } from '../value-problem.ts';

export const booleanInput: InputPlugin = {
  type: 'boolean',
  title: 'Boolean',
  check: (value) => valueProblem(() => parse(value)),
  fetch: async (spec) => plainInput(spec, { kind: 'boolean', value: parse(spec.value) }),
};

function parse(value: string): boolean {
  if (value !== 'true' && value !== 'false') throw invalidValue('true or false', value);
  return value === 'true';
}
