/** How nix-eval-jobs is started, so that it finds the jobs that our own workers would find. */

import { availableParallelism, totalmem } from 'node:os';
import type { Argv } from '../../process/start-process.ts';
import type { EvaluationRequest, EvaluationSettings } from '../evaluation.ts';

const mebibyte = 2 ** 20;

/** What a configuration of NixOS stands for, as in nix/worker.nix; everything else stays as it is. */
const select =
  'let isDerivation = v: (v.type or null) == "derivation"; ' +
  'isConfiguration = v: v ? config && v ? options && v ? config.system.build.toplevel; ' +
  'walk = v: if !builtins.isAttrs v || isDerivation v then v ' +
  'else if isConfiguration v then v.config.system.build.toplevel ' +
  'else builtins.mapAttrs (_: walk) v; in walk';

/** `rootsFolder` is where it makes garbage collector roots. */
export function commandLine(
  { root, args = {} }: EvaluationRequest,
  { workers = availableParallelism(), memoryBudget, nixOptions = {}, includes = [] }: EvaluationSettings,
  rootsFolder: string,
): Argv {
  const budget = memoryBudget ?? Math.floor(totalmem() * 0.8);
  return [
    'nix-eval-jobs',
    '--force-recurse',
    '--meta',
    '--constituents',
    '--show-trace',
    '--workers',
    String(workers),
    '--max-memory-size',
    String(Math.max(1, Math.floor(budget / workers / mebibyte))),
    '--gc-roots-dir',
    rootsFolder,
    ...Object.entries(nixOptions).flatMap(([name, value]) => ['--option', name, value]),
    ...includes.flatMap((include) => ['-I', include]),
    ...Object.entries(args).flatMap(([name, expression]) => ['--arg', name, expression]),
    '--select',
    select,
    '--expr',
    root,
  ];
}
