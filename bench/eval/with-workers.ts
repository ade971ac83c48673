/** Our side: a network's hosts through the pool of workers, as `proteus build` evaluates them. */

import { evaluateJobs } from '../../src/evaluate/evaluate-jobs.ts';
import type { EvaluationRequest } from '../../src/evaluate/evaluation.ts';
import { nixVersion } from '../../src/evaluate/nix-version.ts';
import { workerSettings } from '../../src/evaluate/worker-settings.ts';
import { networkOpening, networkRoot, toplevelAttrPath } from '../../src/network/network-root.ts';
import type { Contestant, Workload } from './evaluation.ts';
import { PeakMemory, startsWith } from './peak-memory.ts';

const settings = { workers: 2 };

export const withWorkers: Contestant = async ({ file, hosts, env }) => {
  using memory = new PeakMemory(startsWith('nix', 'repl'));
  const drvPaths: string[] = [];
  let firstMs: number | undefined;
  const start = performance.now();
  for await (const job of evaluateJobs(request(file, hosts), settings, { emit: () => {}, env })) {
    if (!job.ok) throw new Error(`${job.name} does not evaluate: ${job.error.trace}`);
    firstMs ??= performance.now() - start;
    drvPaths.push(job.drvPath);
  }
  const wallMs = performance.now() - start;
  return { wallMs, firstMs, peak: memory.sum, drvPaths: drvPaths.toSorted() };
};

/** What our workers get for GC_INITIAL_HEAP_SIZE; undefined when nothing is set. */
export async function workerHeap({ file, hosts, env }: Workload): Promise<string | undefined> {
  return workerSettings(request(file, hosts), settings, await nixVersion({ env }), env).env
    .GC_INITIAL_HEAP_SIZE;
}

function request(file: string, hosts: readonly string[]): EvaluationRequest {
  return {
    source: file,
    root: networkRoot(file),
    jobs: hosts.map((name) => ({ name, attrPath: toplevelAttrPath(name) })),
    freshRoot: true,
    opening: networkOpening,
  };
}
