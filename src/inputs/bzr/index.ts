/** The newest revision of a Bazaar branch, without Bazaar's own files. */

import type { InputPlugin } from '../input.ts';
import { valueProblem } from '../value-problem.ts';
import { fetchBzr, missingBzr, parseBzrValue } from './fetch-bzr.ts';

export const bzrInput: InputPlugin = {
  type: 'bzr',
  title: 'Bazaar export',
  check: (value) => valueProblem(() => parseBzrValue(value)),
  unavailable: async (deps) => missingBzr(deps),
  fetch: (spec, deps) => fetchBzr(spec, deps, 'export'),
};
