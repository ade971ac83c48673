/** A revision of a Subversion repository, without Subversion's own files. */

import type { InputPlugin } from '../input.ts';
import { missingTool } from '../tool-runner.ts';
import { valueProblem } from '../value-problem.ts';
import { fetchSvn } from './fetch-svn.ts';
import { parseSvnValue } from './schema.ts';

export const svnInput: InputPlugin = {
  type: 'svn',
  title: 'Subversion export',
  check: (value) => valueProblem(() => parseSvnValue(value)),
  unavailable: async (deps) => missingTool('svn', deps),
  fetch: (spec, deps) => fetchSvn(spec, deps, 'export'),
};
