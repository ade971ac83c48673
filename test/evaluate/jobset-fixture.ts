/** Evaluates jobsets of tests to their end and keeps what they gave. Their inputs are folders in the store. */

import path from 'node:path';
import { evaluateJobset } from '../../src/evaluate/evaluate-jobset.ts';
import type {
  JobsetEvaluation,
  JobsetEvaluationDeps,
  JobsetJob,
  JobsetResult,
} from '../../src/evaluate/jobset-evaluation.ts';
import type { EvaluationError, ProteusEvent } from '../../src/events/event.ts';
import type { ResolvedInput, ResolvedValue } from '../../src/inputs/input.ts';
import type { LoadedNetwork } from '../../src/network/load-network.ts';
import { parseStorePath, type StorePath } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { temporaryFolder } from '../network/temporary-folder.ts';

/** Job files: `sh NAME SCRIPT` is a derivation, `with_ { … } (sh …)` one with more attributes. */
const jobLibrary = `rec {
  sh = name: script: with_ { } name script;
  with_ = more: name: script: derivation ({
    inherit name;
    system = builtins.currentSystem;
    builder = "/bin/sh";
    args = [ "-c" script ];
  } // more);
}
`;

export interface CollectedJobset {
  readonly jobs: ReadonlyMap<string, JobsetJob>;
  /** By job, in the order in which they came. */
  readonly failed: ReadonlyMap<string, EvaluationError>;
  readonly network: LoadedNetwork | undefined;
  readonly warnings: readonly string[];
  readonly results: readonly JobsetResult[];
  readonly events: readonly ProteusEvent[];
  readonly kept: ReadonlySet<StorePath>;
  readonly built: readonly StorePath[];
}

export function input(name: string, value: ResolvedValue, more: Partial<ResolvedInput> = {}): ResolvedInput {
  const type = value.kind === 'path' ? 'git' : value.kind;
  return { name, type, value, uri: null, revision: null, sha256: null, dependency: null, ...more };
}

/** An input that is a folder with these files; `lib.nix` is the job library. */
export async function folderInput(
  name: string,
  files: Readonly<Record<string, string>>,
): Promise<ResolvedInput> {
  await using folder = await temporaryFolder({ 'source/lib.nix': jobLibrary, ...inSource(files) });
  return await storeInput(name, folder.file('source'));
}

/** An input that is this folder. */
async function storeInput(name: string, folder: string): Promise<ResolvedInput> {
  const { stdout } = await runProcess(['nix-store', '--add', folder]);
  return input(name, { kind: 'path', storePath: parseStorePath(stdout.trim()), attributes: {} });
}

/** The stand-in for nixpkgs and NixOS, as an input. */
export function standIn(): Promise<ResolvedInput> {
  return storeInput('stand-in', path.join(import.meta.dirname, '../fixtures/network'));
}

/** A network jobset of the file `net.nix` in the input `network`, on the stand-in. */
export async function networkJobset(
  files: Readonly<Record<string, string>>,
  inputs: readonly ResolvedInput[] = [],
): Promise<JobsetEvaluation> {
  return {
    name: 'tests:network',
    expression: { type: 'network', input: 'network', path: 'net.nix' },
    inputs: [await folderInput('network', files), await standIn(), ...inputs],
    allowImportFromDerivation: false,
    settings: {},
  };
}

function inSource(files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`source/${name}`, text]));
}

/** A legacy jobset of one file `jobs.nix` with this text, in the input `jobs`. */
export async function legacy(
  text: string,
  inputs: readonly ResolvedInput[] = [],
  more: Partial<JobsetEvaluation> = {},
): Promise<JobsetEvaluation> {
  return {
    name: 'tests:legacy',
    expression: { type: 'legacy', input: 'jobs', path: 'jobs.nix' },
    inputs: [await folderInput('jobs', { 'jobs.nix': text }), ...inputs],
    allowImportFromDerivation: false,
    settings: {},
    ...more,
  };
}

export async function collectJobset(
  evaluation: JobsetEvaluation,
  deps: Partial<Parameters<typeof evaluateJobset>[1]> = {},
  onResult: (result: JobsetResult) => void | Promise<void> = () => {},
): Promise<CollectedJobset> {
  const jobs = new Map<string, JobsetJob>();
  const failed = new Map<string, EvaluationError>();
  const warnings: string[] = [];
  const results: JobsetResult[] = [];
  const events: ProteusEvent[] = [];
  const kept = new Set<StorePath>();
  const built: StorePath[] = [];
  let network: LoadedNetwork | undefined;
  const all = evaluateJobset(evaluation, {
    emit: (event) => events.push(event),
    keep: async (path) => void kept.add(path),
    buildImported: async (drvPath) => {
      built.push(drvPath);
      return realise(drvPath);
    },
    ...deps,
  });
  for await (const result of all) {
    results.push(result);
    if (result.type === 'job') jobs.set(result.job.name, result.job);
    else if (result.type === 'failed') failed.set(result.job, result.error);
    else if (result.type === 'network') network = result.network;
    else warnings.push(result.text);
    await onResult(result);
  }
  return { jobs, failed, network, warnings, results, events, kept, built };
}

/** As a scheduler would. */
async function realise(drvPath: StorePath): ReturnType<JobsetEvaluationDeps['buildImported']> {
  const { code, stderr } = await runProcess(['nix-store', '--realise', drvPath], { okCodes: [0, 1, 100] });
  return code === 0 ? { ok: true } : { ok: false, message: stderr.trim().split('\n').at(-1) ?? '' };
}
