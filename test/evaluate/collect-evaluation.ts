/** Runs an evaluation to its end and keeps what it gave and told. */

import { readdir, readFile } from 'node:fs/promises';
import { evaluateJobs } from '../../src/evaluate/evaluate-jobs.ts';
import type {
  EvaluatedJob,
  EvaluationRequest,
  EvaluationSettings,
  FailedJob,
} from '../../src/evaluate/evaluation.ts';
import type { ProteusEvent } from '../../src/events/event.ts';

export interface Collected {
  readonly ok: ReadonlyMap<string, EvaluatedJob>;
  readonly failed: ReadonlyMap<string, FailedJob>;
  /** Names as they came. */
  readonly order: readonly string[];
  readonly events: readonly ProteusEvent[];
}

export async function collectEvaluation(
  request: EvaluationRequest,
  settings: EvaluationSettings = {},
  onEvent: (event: ProteusEvent) => void = () => {},
): Promise<Collected> {
  if (process.env.PROTEUS_LAB !== '1') throw new Error('to be run by scripts/in-lab: it writes to /nix');
  const ok = new Map<string, EvaluatedJob>();
  const failed = new Map<string, FailedJob>();
  const events: ProteusEvent[] = [];
  const emit = (event: ProteusEvent): void => {
    events.push(event);
    onEvent(event);
  };
  for await (const job of evaluateJobs(request, settings, { emit })) {
    if (job.ok) ok.set(job.name, job);
    else failed.set(job.name, job);
  }
  const order = events.flatMap((event) =>
    event.type === 'evaluation.job.done' || event.type === 'evaluation.job.failed' ? [event.job] : [],
  );
  return { ok, failed, order, events };
}

/** A request of a test; one root for all jobs unless `more` says otherwise. */
export function request(
  root: string,
  jobs: EvaluationRequest['jobs'],
  more: Partial<EvaluationRequest> = {},
): EvaluationRequest {
  return { source: 'test', root, jobs, freshRoot: false, ...more };
}

/** A derivation that `derivation` makes of a name and a shell script, as a Nix expression. */
export function sh(name: string, script = 'echo > $out'): string {
  return `(derivation { name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "${script}" ]; })`;
}

/** The jobs of a root whose attributes have the jobs' names. */
export function jobsNamed(...names: readonly string[]): EvaluationRequest['jobs'] {
  return names.map((name) => ({ name, attrPath: [name] }));
}

/** The pids of the repls that run now. */
export async function repls(): Promise<readonly number[]> {
  const pids: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.startsWith('nix\0repl\0')) pids.push(Number(pid));
  }
  return pids;
}
