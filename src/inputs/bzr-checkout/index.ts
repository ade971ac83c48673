/** The newest revision of a Bazaar branch as a working tree, for builds that ask bzr. */

import { fetchBzr, missingBzr, parseBzrValue } from '../bzr/fetch-bzr.ts';
import type { InputPlugin } from '../input.ts';
import { valueProblem } from '../value-problem.ts';

export const bzrCheckoutInput: InputPlugin = {
  type: 'bzr-checkout',
  title: 'Bazaar checkout',
  check: (value) => valueProblem(() => parseBzrValue(value)),
  unavailable: async (deps) => missingBzr(deps),
  fetch: (spec, deps) => fetchBzr(spec, deps, 'checkout'),
};
