/**
 * How many workers there are, what each may hold, and how each is started.
 *
 * Up to 2.33 Nix's collector starts with a small heap and runs over and over while it grows, which costs a fifth to two
 * fifths of the time; given its heap at once it does not, and above that it collects as usual. From 2.34 on nothing is
 * gained by it.
 */

import { availableParallelism, totalmem } from 'node:os';
import type { Argv } from '../process/start-process.ts';
import type { EvaluationRequest, EvaluationSettings } from './evaluation.ts';
import { isOlder, type NixVersion } from './nix-version.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const mebibyte = 2 ** 20;
/** What the evaluation of one machine takes at least; fewer workers are better than workers that get killed. */
const leastPerWorker = 512 * mebibyte;
const usualHeap = 1536 * mebibyte;

export interface WorkerSettings {
  readonly workers: number;
  /** Bytes for all workers together. */
  readonly budget: number;
  readonly argv: Argv;
  readonly env: Environment;
}

export function workerSettings(
  request: EvaluationRequest,
  settings: EvaluationSettings,
  version: NixVersion,
  env: Environment = process.env,
): WorkerSettings {
  const budget = settings.memoryBudget ?? Math.floor(totalmem() * 0.8);
  const jobs = request.jobs === 'discover' ? Number.POSITIVE_INFINITY : request.jobs.length;
  const wanted = Math.min(
    settings.workers ?? availableParallelism(),
    jobs,
    Math.floor(budget / leastPerWorker),
  );
  const workers = Math.max(1, wanted);
  const heap =
    settings.initialHeap ?? env.GC_INITIAL_HEAP_SIZE ?? defaultHeap(version, Math.floor(budget / workers));
  return {
    workers,
    budget,
    argv: [
      'nix',
      'repl',
      '--log-format',
      'internal-json',
      // For good positions; how much of it is told, is decided later.
      '--show-trace',
      ...Object.entries(settings.nixOptions ?? {}).flatMap(([name, value]) => ['--option', name, value]),
      ...(settings.includes ?? []).flatMap((include) => ['-I', include]),
    ],
    env: heap === undefined ? env : { ...env, GC_INITIAL_HEAP_SIZE: String(heap) },
  };
}

function defaultHeap(version: NixVersion, share: number): number | undefined {
  return isOlder(version, 2, 34) ? Math.min(usualHeap, Math.floor(share * 0.6)) : undefined;
}
