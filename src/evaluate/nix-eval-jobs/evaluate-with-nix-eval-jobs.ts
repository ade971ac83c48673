/**
 * Discovers jobs with nix-eval-jobs, where that is installed: the same results as those of our own workers, which take
 * over when it dies or tells nothing for longer than a job may take. It cannot say which job was to blame.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseEvaluationError } from '../../network/parse-evaluation-error.ts';
import { startProcess } from '../../process/start-process.ts';
import { AppError } from '../../util/app-error.ts';
import { type EvaluationDeps, evaluateJobs } from '../evaluate-jobs.ts';
import type { EvaluationRequest, EvaluationSettings, JobResult } from '../evaluation.ts';
import { jobName } from '../job-name.ts';
import { readLines } from '../read-lines.ts';
import { commandLine } from './command-line.ts';
import { type NixEvalJobsLine, parseLine } from './parse-line.ts';

/** As `evaluateJobs`, for requests that discover all that a root has. */
export async function* evaluateWithNixEvalJobs(
  request: EvaluationRequest,
  settings: EvaluationSettings,
  deps: EvaluationDeps,
): AsyncGenerator<JobResult> {
  const { emit } = deps;
  const start = performance.now();
  const told = new Map<string, JobResult>();
  emit({ type: 'evaluation.started', source: request.source, jobs: [] });
  const tell = (result: JobResult): JobResult => {
    told.set(result.name, result);
    if (!result.ok) emit({ type: 'evaluation.job.failed', job: result.name, error: result.error });
    else emit({ type: 'evaluation.job.done', job: result.name, drvPath: result.drvPath, durationMs: 0 });
    return result;
  };
  const results = run(request, settings, deps);
  for (let next = await results.next(); ; next = await results.next()) {
    if (!next.done) yield tell(next.value);
    else if (next.value === undefined) break;
    else {
      emit({ type: 'evaluation.worker.restarted', reason: next.value });
      const quiet = { ...deps, emit: () => {} };
      for await (const result of evaluateJobs(request, settings, quiet)) {
        if (!told.has(result.name)) yield tell(result);
      }
      break;
    }
  }
  const succeeded = [...told.values()].filter(({ ok }) => ok).length;
  const durationMs = performance.now() - start;
  emit({ type: 'evaluation.done', succeeded, failed: told.size - succeeded, durationMs });
}

/** Returns why it is not complete; undefined when it is. */
async function* run(
  request: EvaluationRequest,
  settings: EvaluationSettings,
  deps: EvaluationDeps,
): AsyncGenerator<JobResult, string | undefined> {
  const { signal, env } = deps;
  const roots = await mkdtemp(path.join(tmpdir(), 'proteus-roots-'));
  try {
    const argv = commandLine(request, settings, roots);
    await using child = await startProcess(argv, { signal, ...(env === undefined ? {} : { env }) });
    child.stdin.end();
    child.stderr.resume();
    const { jobTimeoutMs } = settings;
    let stalled = false;
    let rootFailed = false;
    const timer = setInterval(
      () => {
        stalled = true;
        void child.kill();
      },
      jobTimeoutMs ?? 2 ** 31 - 1,
    );
    try {
      for await (const line of readLines(child.stdout)) {
        timer.refresh();
        const parsed = parseLine(line);
        if (parsed === undefined) continue;
        const result = await jobResult(parsed, settings, deps);
        rootFailed ||= result.name === '' && !result.ok;
        yield result;
      }
    } finally {
      clearInterval(timer);
    }
    const { code, signal: killedBy } = await child.exited;
    if (signal?.aborted) throw new AppError('interrupted', 'the evaluation was interrupted');
    if (stalled) return `nix-eval-jobs told nothing for ${jobTimeoutMs} ms`;
    if (code === 0 || rootFailed) return undefined;
    return `nix-eval-jobs ${code === null ? `was killed by ${killedBy}` : `ended with exit code ${code}`}`;
  } finally {
    await rm(roots, { recursive: true, force: true });
  }
}

async function jobResult(
  line: NixEvalJobsLine,
  settings: EvaluationSettings,
  { keep, recover }: EvaluationDeps,
): Promise<JobResult> {
  const { attrPath } = line;
  const name = jobName(attrPath);
  if ('error' in line) {
    const better = await recover?.(name, line.error);
    const error = better ?? parseEvaluationError(line.error, { wholeTrace: settings.showTrace });
    return { ok: false, name, attrPath, error };
  }
  const { name: drvName, system, drvPath, meta, constituents } = line;
  await keep?.(drvPath);
  const outputs = new Map(Object.entries(line.outputs).map(([output, of]) => [output, of ?? undefined]));
  const result = {
    ok: true,
    name,
    attrPath,
    drvName,
    system,
    drvPath,
    outputs,
    meta: meta ?? {},
    durationMs: 0,
  } as const;
  if (constituents === undefined) return result;
  // It has put them into the derivation already.
  const given = constituents.map((constituent) => ({ drvPath: constituent, output: 'out', path: '' }));
  return { ...result, aggregate: { constituents: given, globs: false } };
}
