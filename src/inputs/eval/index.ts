/** All that succeeded in one evaluation, by job; of each the output `out`, where it is still in the store. */

import type { StorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import type { InputDeps, InputPlugin } from '../input.ts';
import { parseId, parseJobsetName } from '../job-name.ts';
import { plainInput } from '../plain-input.ts';
import { invalidValue, valueProblem } from '../value-problem.ts';

export const evalInput: InputPlugin = {
  type: 'eval',
  title: 'Previous Hydra evaluation',
  check: (value) => valueProblem(() => parse(value)),
  async fetch(spec, deps) {
    const id = await evaluationId(spec.value, deps);
    const builds = await deps.builds.evaluation(id);
    if (builds === undefined) throw new AppError('input.fetch', `there is no evaluation ${id}`);
    const found = builds.flatMap(({ job, outputs }): [string, StorePath][] =>
      outputs.out === undefined ? [] : [[job, outputs.out]],
    );
    for (const [, path] of found) await deps.keep(path);
    const valid = await deps.store.queryValidPaths(
      found.map(([, path]) => path),
      { signal: deps.signal },
    );
    return plainInput(spec, {
      kind: 'builds',
      outputs: Object.fromEntries(found.filter(([, path]) => valid.has(path))),
    });
  },
};

async function evaluationId(value: string, deps: InputDeps): Promise<number> {
  const wanted = parse(value);
  if (typeof wanted === 'number') return wanted;
  const id = await deps.builds.latestFinishedEvaluation(wanted);
  if (id !== undefined) return id;
  const jobset = `${wanted.project}:${wanted.jobset}`;
  throw new AppError(
    'input.fetch',
    wanted.job === undefined
      ? `there is no finished evaluation of ${jobset}`
      : `there is no finished evaluation of ${jobset} in which ${wanted.job} succeeded`,
    { hint: 'See whether there is such a jobset, and wait until its builds are finished.' },
  );
}

function parse(value: string): number | NonNullable<ReturnType<typeof parseJobsetName>> {
  const text = value.trim();
  const wanted = parseId(text) ?? parseJobsetName(text);
  if (wanted === undefined) throw invalidValue('the number of an evaluation or PROJECT:JOBSET[:JOB]', value);
  return wanted;
}
