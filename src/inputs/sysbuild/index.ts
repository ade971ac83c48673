/** The latest success of a job on whatever system it has one; more than one system cannot be said in one argument. */

import { AppError } from '../../util/app-error.ts';
import { buildInput, isThere, mainOutput } from '../build-input.ts';
import type { BuildReference, InputPlugin } from '../input.ts';
import { type JobName, parseJobName } from '../job-name.ts';
import { invalidValue, valueProblem } from '../value-problem.ts';

export const sysbuildInput: InputPlugin = {
  type: 'sysbuild',
  title: 'Previous Hydra build (same system)',
  check: (value) => valueProblem(() => parse(value, { project: '', jobset: '' })),
  async fetch(spec, deps) {
    const job = parse(spec.value, deps);
    const there: BuildReference[] = [];
    for (const build of await deps.builds.latestSucceededPerSystem(job)) {
      const output = mainOutput(build);
      if (output !== undefined && (await isThere(output.path, deps))) there.push(build);
    }
    const [build, another] = there;
    if (another !== undefined) {
      const systems = there.map(({ system }) => system).sort();
      throw new AppError(
        'input.fetch',
        `wanted one build of ${job.project}:${job.jobset}:${job.job}, but it has one on each of ${systems.join(', ')}`,
        { hint: 'Use an input of type build, or a job that is built on one system only.' },
      );
    }
    return buildInput(spec, build, build && mainOutput(build)?.path);
  },
};

function parse(value: string, own: { readonly project: string; readonly jobset: string }): JobName {
  const job = parseJobName(value.trim(), own);
  if (job === undefined) throw invalidValue('[[PROJECT:]JOBSET:]JOB', value);
  return job;
}
