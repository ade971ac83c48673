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
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadNetwork } from '../src/network/load-network.ts';
import { formatDuration } from '../src/util/format-duration.ts';
import { type BenchCase, benchCase } from './bench-case.ts';
import type { Contestant, Measurement, Workload } from './eval/evaluation.ts';
import { FreshStore } from './eval/fresh-store.ts';
import { type NetworkText, nixosNetwork, repeatedNetwork } from './eval/network-text.ts';
import { type EvalArgs, parseEvalArgs } from './eval/parse-eval-args.ts';
import { processorTime } from './eval/processor-time.ts';
import { withProcesses } from './eval/with-processes.ts';
import { withWorkers, workerHeap } from './eval/with-workers.ts';

const example = fileURLToPath(new URL('../examples/network/network.nix', import.meta.url));
const sides = ['ours', 'one process', 'two processes'] as const;
const stores = ['cold', 'warm'] as const;
const mebibyte = 2 ** 20;

type Side = (typeof sides)[number];
type StoreState = (typeof stores)[number];
type Measurements = Readonly<Record<StoreState, Readonly<Record<Side, Measurement[]>>>>;

export async function* bench(argv: readonly string[]): AsyncGenerator<BenchCase> {
  const args = parseEvalArgs(argv);
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-eval-'));
  try {
    const { hosts, text } = await networkText(args);
    const file = path.join(folder, 'network.nix');
    await writeFile(file, text);
    const measured = await measure(file, hosts, args.rounds);
    yield* cases(measured, args.nixpkgs === undefined ? 'example' : 'nixos', args.nixpkgs !== undefined);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function networkText({ nixpkgs, machines }: EvalArgs): Promise<NetworkText> {
  if (nixpkgs !== undefined) return nixosNetwork(nixpkgs, machines);
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
  const measured: Measurements = {
    cold: { ours: [], 'one process': [], 'two processes': [] },
    warm: { ours: [], 'one process': [], 'two processes': [] },
  };
  progress(`${hosts.length} machines, ${rounds} rounds, worker heap ${heap ?? 'as Nix chooses'}`);
  {
    // Not counted: brings the files of the tree into memory.
    await using store = await FreshStore.create();
    await contestants['two processes']({ file, hosts, env: store.env });
  }
  let drvPaths: string | undefined;
  for (let round = 1; round <= rounds; round += 1) {
    for (const side of sides) {
      await using store = await FreshStore.create();
      for (const state of stores) {
        const measurement = await timed(contestants[side], { file, hosts, env: store.env });
        measured[state][side].push(measurement);
        progress(`round ${round}, ${state}: ${side}: ${describe(measurement)}`);
        drvPaths ??= measurement.drvPaths.join('\n');
        if (drvPaths !== measurement.drvPaths.join('\n')) throw new Error(`${side} made other derivations`);
      }
    }
  }
  return measured;
}

function* cases(measured: Measurements, network: string, isBinding: boolean): Generator<BenchCase> {
  const atMost = (bar: number): number | undefined => (isBinding ? bar : undefined);
  for (const state of stores) {
    const { ours, 'one process': one, 'two processes': two } = measured[state];
    const named = { bench: 'eval', unit: 's' };
    const oneProcess = { ...named, peerName: 'one process', peer: one.map(seconds) };
    const twoProcesses = { ...named, peerName: 'two processes', peer: two.map(seconds) };
    const name = (what: string): string => `${network}, ${state}: ${what}`;
    yield benchCase({ ...oneProcess, case: name('wall'), ours: ours.map(seconds), atMost: atMost(0.45) });
    yield benchCase({ ...twoProcesses, case: name('wall'), ours: ours.map(seconds), atMost: atMost(1.15) });
    yield benchCase({
      ...oneProcess,
      case: name('first result'),
      ours: ours.map(({ firstMs = Number.NaN }) => firstMs / 1000),
      atMost: atMost(0.25),
    });
    for (const [peerName, peer] of [['one process', one] as const, ['two processes', two] as const]) {
      const reported = { ...named, peerName };
      yield benchCase({
        ...reported,
        case: name('processor time'),
        ours: ours.map(processorSeconds),
        peer: peer.map(processorSeconds),
      });
      yield benchCase({
        ...reported,
        case: name('peak memory'),
        unit: 'MiB',
        ours: ours.map(mebibytes),
        peer: peer.map(mebibytes),
      });
    }
  }
}

async function timed(contestant: Contestant, workload: Workload): Promise<Measurement> {
  const before = await processorTime();
  const measurement = await contestant(workload);
  return { ...measurement, processorMs: (await processorTime()) - before };
}

function seconds({ wallMs }: Measurement): number {
  return wallMs / 1000;
}

function processorSeconds({ processorMs }: Measurement): number {
  return processorMs / 1000;
}

function mebibytes({ peak }: Measurement): number {
  return peak / mebibyte;
}

function describe({ wallMs, processorMs, firstMs, peak }: Measurement): string {
  const first = firstMs === undefined ? '' : `, first after ${formatDuration(firstMs)}`;
  return `${formatDuration(wallMs)}${first}, processor ${formatDuration(processorMs)}, peak ${Math.round(peak / mebibyte)} MiB, load ${loadavg()[0]?.toFixed(1)}`;
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}
