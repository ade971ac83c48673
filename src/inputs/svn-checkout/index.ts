/** A revision of a Subversion repository as a working copy, for builds that ask svn. */

import type { InputPlugin } from '../input.ts';
import { fetchSvn } from '../svn/fetch-svn.ts';
import { parseSvnValue } from '../svn/schema.ts';
import { missingTool } from '../tool-runner.ts';
import { valueProblem } from '../value-problem.ts';

export const svnCheckoutInput: InputPlugin = {
  type: 'svn-checkout',
  title: 'Subversion checkout',
  check: (value) => valueProblem(() => parseSvnValue(value)),
  unavailable: async (deps) => missingTool('svn', deps),
  fetch: (spec, deps) => fetchSvn(spec, deps, 'checkout'),
};
