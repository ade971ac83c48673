/**
 * Evaluating a network of machines: our two workers against `nix-instantiate`, once for all machines as Morph does
 * it, and twice side by side with half of them each, which is what the same two processors can do at best without us.
 *
 *   npm run bench -- eval [--json] [--nixpkgs DIR] [--rounds N] [--machines N]
 *
 * DIR is any NixOS release. Without it the network is made of examples/network, too small for the targets to mean
 * anything, and nothing is required. In each round every side evaluates twice: into an empty store (cold), then again
 * (warm). docs/performance.md says what came out.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { loadNetwork } from '../src/network/load-network.ts';
import { formatBytes } from '../src/util/format-bytes.ts';
import { formatDuration } from '../src/util/format-duration.ts';
import { copyExampleNetwork } from '../test/lab/copy-example-network.ts';
import type { BenchCase } from './bench-case.ts';
import { evalCases, type Measurements, type Side, sides, storeStates } from './eval/eval-cases.ts';
import type { Contestant, Measurement, Workload } from './eval/evaluation.ts';
import { FreshStore } from './eval/fresh-store.ts';
import { type NetworkText, nixosNetwork, repeatedNetwork } from './eval/network-text.ts';
import { type EvalArgs, parseEvalArgs } from './eval/parse-eval-args.ts';
import { machineTime, processorTime } from './eval/processor-time.ts';
import { withProcesses } from './eval/with-processes.ts';
import { withWorkers, workerHeap } from './eval/with-workers.ts';

export async function* bench(argv: readonly string[]): AsyncGenerator<BenchCase> {
  const args = parseEvalArgs(argv);
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-eval-'));
  try {
    const { hosts, text } = await networkText(args, folder);
    const file = path.join(folder, 'network.nix');
    await writeFile(file, text);
    const measured = await measure(file, hosts, args.rounds);
    const isBinding = args.nixpkgs !== undefined;
    yield* evalCases(measured, `${hosts.length} ${isBinding ? 'NixOS' : 'example'} machines`, isBinding);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function networkText({ nixpkgs, machines }: EvalArgs, folder: string): Promise<NetworkText> {
  if (nixpkgs !== undefined) return nixosNetwork(nixpkgs, machines);
  const example = await copyExampleNetwork(path.join(folder, 'example'));
  const { hosts } = await loadNetwork(example);
  return repeatedNetwork(
    example,
    hosts.map(({ name }) => name),
    machines,
  );
}

async function measure(file: string, hosts: readonly string[], rounds: number): Promise<Measurements> {
  const heap = await workerHeap({ file, hosts, env: process.env });
  const contestants: Readonly<Record<Side, Contestant>> = {
    ours: withWorkers,
    'one process': withProcesses(1, undefined),
    'two processes': withProcesses(2, heap),
  };
  const measured = {
    cold: noMeasurements(),
    warm: noMeasurements(),
  };
  progress(`${hosts.length} machines, ${rounds} rounds, heap of a worker: ${heap ?? 'as Nix chooses'}`);
  const drvPaths = await warmUp(file, hosts, contestants['two processes']);
  for (let round = 1; round <= rounds; round += 1) {
    for (const side of sides) {
      await using store = await FreshStore.create();
      for (const state of storeStates) {
        const measurement = await timed(contestants[side], { file, hosts, env: store.env });
        measured[state][side].push(measurement);
        progress(`round ${round}, ${state} store, ${side}: ${describe(measurement)}`);
        if (measurement.drvPaths.join() !== drvPaths.join()) throw new Error(`${side}: other derivations`);
      }
    }
  }
  return measured;
}

/** Brings the files of the tree into memory. Returns the derivations that every side has to make. */
async function warmUp(
  file: string,
  hosts: readonly string[],
  contestant: Contestant,
): Promise<readonly string[]> {
  await using store = await FreshStore.create();
  const { drvPaths } = await contestant({ file, hosts, env: store.env });
  return drvPaths;
}

function noMeasurements(): Record<Side, Measurement[]> {
  return { ours: [], 'one process': [], 'two processes': [] };
}

async function timed(contestant: Contestant, workload: Workload): Promise<Measurement> {
  const own = await processorTime();
  const all = await machineTime();
  const measurement = await contestant(workload);
  const processorMs = (await processorTime()) - own;
  const othersMs = (await machineTime()) - all - processorMs;
  return {
    ...measurement,
    processorMs,
    others: Math.max(0, othersMs / (measurement.wallMs * availableParallelism())),
  };
}

function describe({ wallMs, processorMs, others, firstMs, peak }: Measurement): string {
  const first = firstMs === undefined ? [] : [`first after ${formatDuration(firstMs)}`];
  return [
    formatDuration(wallMs),
    ...first,
    `${formatDuration(processorMs)} of processor time`,
    `peak ${formatBytes(peak)}`,
    `others took ${(others * 100).toFixed(0)} %`,
    `load ${loadavg()[0]?.toFixed(1)}`,
  ].join(', ');
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}
