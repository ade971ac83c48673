/**
 * The last part of an evaluation: aggregates, when all other jobs are known.
 *
 * An aggregate that is written with derivations depends on them already. One that names its constituents is evaluated
 * once more, with the constituents put in as if they had been written there; so it depends on them too, and Nix itself
 * computes what that makes of it. An aggregate that is made of aggregates waits for them, as they may be made anew.
 */

import type { EvaluationError } from '../events/event.ts';
import { downstreamPlaceholder } from '../nix/downstream-placeholder.ts';
import type { ConstituentOutput, EvaluatedJob, JobRequest, JobResult } from './evaluation.ts';
import { type Member, type PlannedAggregate, planAggregates } from './plan-aggregates.ts';

export type AggregateResult =
  | { readonly type: 'job'; readonly job: EvaluatedJob; readonly constituents: readonly string[] }
  | { readonly type: 'failed'; readonly name: string; readonly error: EvaluationError }
  | { readonly type: 'warning'; readonly text: string };

/**
 * @param results of all other jobs and, as they were found, of the aggregates
 * @param evaluate evaluates these jobs of the same root
 */
export async function* evaluateAggregates(
  results: readonly JobResult[],
  evaluate: (jobs: readonly JobRequest[]) => AsyncIterable<JobResult>,
): AsyncGenerator<AggregateResult> {
  const jobs = new Map<string, EvaluatedJob>();
  const failed = new Map<string, string>();
  for (const result of results) {
    if (result.ok) jobs.set(result.name, result);
    else failed.set(result.name, `error: ${result.error.message}`);
  }
  const aggregates = [...jobs.values()].flatMap(({ name, aggregate }) =>
    aggregate === undefined ? [] : [{ name, aggregate }],
  );
  const drvPaths = new Map(Array.from(jobs, ([name, { drvPath }]) => [name, drvPath]));
  let waiting = planAggregates(aggregates, drvPaths, failed.keys());
  const remade = new Set<string>();

  function* settle(planned: PlannedAggregate, result: JobResult): Generator<AggregateResult> {
    const { name, members } = planned;
    if (!result.ok) {
      failed.set(name, `error: ${result.error.message}`);
      yield { type: 'failed', name, error: result.error };
      return;
    }
    jobs.set(name, result);
    for (const member of members) {
      if ('foreign' in member) yield { type: 'warning', text: noJob(name, member.foreign) };
    }
    const constituents = members.flatMap((member) => ('job' in member ? [member.job] : []));
    yield { type: 'job', job: result, constituents };
  }

  while (waiting.length > 0) {
    const left = new Set(waiting.map(({ name }) => name));
    const isReady = ({ members }: PlannedAggregate): boolean =>
      !members.some((member) => 'job' in member && left.has(member.job));
    const toMake = new Map<string, PlannedAggregate>();
    const requests: JobRequest[] = [];
    for (const planned of waiting.filter(isReady)) {
      const { name, members } = planned;
      const job = jobs.get(name);
      const problems = members.flatMap((member) => problemOf(member, failed));
      if (job === undefined || problems.length > 0) {
        failed.set(name, problems.join('\n'));
        yield { type: 'failed', name, error: broken(name, problems.join('\n')) };
      } else if (members.every((member) => isThere(member, remade))) yield* settle(planned, job);
      else {
        toMake.set(name, planned);
        const constituents = members.flatMap((member) => outputOf(member, jobs, remade));
        requests.push({ name, attrPath: job.attrPath, constituents });
      }
    }
    if (requests.length > 0) {
      for await (const result of evaluate(requests)) {
        const planned = toMake.get(result.name);
        if (planned === undefined) continue;
        remade.add(result.name);
        yield* settle(planned, result);
      }
    }
    waiting = waiting.filter((planned) => !isReady(planned));
  }
}

function problemOf(member: Member, failed: ReadonlyMap<string, string>): readonly string[] {
  if ('problem' in member) return [member.problem];
  const why = 'job' in member ? failed.get(member.job) : undefined;
  return why === undefined || !('job' in member) ? [] : [`${member.job}: ${why}`];
}

/** Whether the aggregate's derivation, as it was found, depends on the member as it is now. */
function isThere(member: Member, remade: ReadonlySet<string>): boolean {
  return !('job' in member) || (member.given !== undefined && !remade.has(member.job));
}

function outputOf(
  member: Member,
  jobs: ReadonlyMap<string, EvaluatedJob>,
  remade: ReadonlySet<string>,
): readonly ConstituentOutput[] {
  if ('foreign' in member) return [member.foreign];
  if (!('job' in member)) return [];
  if (member.given !== undefined && !remade.has(member.job)) return [member.given];
  const job = jobs.get(member.job);
  if (job === undefined) return [];
  const { drvPath, outputs } = job;
  const output = outputs.has('out') ? 'out' : (outputs.keys().next().value ?? 'out');
  return [{ drvPath, output, path: outputs.get(output) ?? downstreamPlaceholder(drvPath, output) }];
}

function broken(name: string, problems: string): EvaluationError {
  return { message: problems, trace: `aggregate job ‘${name}’ failed with the error: ${problems}` };
}

function noJob(name: string, { drvPath }: ConstituentOutput): string {
  return `aggregate job ‘${name}’ has a constituent ‘${drvPath}’ that is not a job of this evaluation`;
}
