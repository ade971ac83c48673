/** The latest success of a job, or one build by its number. There being none yet is no error: the argument is left out. */

import { buildInput, isThere, mainOutput } from '../build-input.ts';
import type { InputPlugin } from '../input.ts';
import { type JobName, parseId, parseJobName } from '../job-name.ts';
import { invalidValue, valueProblem } from '../value-problem.ts';

export const buildInputPlugin: InputPlugin = {
  type: 'build',
  title: 'Previous Hydra build',
  check: (value) => valueProblem(() => parse(value, { project: '', jobset: '' })),
  async fetch(spec, deps) {
    const wanted = parse(spec.value, deps);
    const build = await (typeof wanted === 'number'
      ? deps.builds.build(wanted)
      : deps.builds.latestSucceeded(wanted));
    const output = build && mainOutput(build);
    if (build === undefined || output === undefined || !(await isThere(output.path, deps))) {
      return buildInput(spec, undefined, undefined);
    }
    await deps.keep(build.drvPath);
    const hasDerivation = await deps.store.isValidPath(build.drvPath, { signal: deps.signal });
    return buildInput(spec, build, output.path, {
      attributes: { outputName: output.name },
      ...(hasDerivation ? { drvPath: build.drvPath } : {}),
    });
  },
};

function parse(value: string, own: { readonly project: string; readonly jobset: string }): JobName | number {
  const text = value.trim();
  const wanted = parseId(text) ?? parseJobName(text, own);
  if (wanted === undefined) throw invalidValue('the number of a build or [[PROJECT:]JOBSET:]JOB', value);
  return wanted;
}
