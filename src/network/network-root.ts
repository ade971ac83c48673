/** Where a network's hosts are found as Nix values: our eval-machines.nix applied to the network file. */

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { nixString } from '../nix/nix-string.ts';
import type { Argv } from '../process/start-process.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export const ownEvalMachines = fileURLToPath(new URL('../../nix/eval-machines.nix', import.meta.url));

/** The Nix file that makes hosts of a network: ours, unless MORPH_NIX_EVAL_MACHINES names another. */
function evalMachines(env: Environment = process.env): string {
  return env.MORPH_NIX_EVAL_MACHINES ? path.resolve(env.MORPH_NIX_EVAL_MACHINES) : ownEvalMachines;
}

/** The root to evaluate a network's hosts from, as a Nix expression of one line. */
export function networkRoot(file: string, env?: Environment): string {
  const networkExpr = nixString(path.resolve(file));
  return `import ${nixString(evalMachines(env))} { networkExpr = ${networkExpr}; }`;
}

/** Where below the root the system of a host is. */
export function toplevelAttrPath(host: string): readonly string[] {
  return ['nodes', host, 'config', 'system', 'build', 'toplevel'];
}

/** What evaluators of a network begin with: the first with packages, the others with what of their host needs none. */
export function networkOpening({ name }: { readonly name: string }, nth: number): readonly string[] {
  return nth === 0 ? ['openings', 'packages'] : ['openings', 'modules', name];
}

/**
 * The command line that evaluates an attribute of `networkRoot`. An absolute path as a string may have any character,
 * where a path in Nix syntax may not.
 */
export function instantiateArgv(
  file: string,
  attribute: string,
  options: readonly string[],
  env: Environment = process.env,
): Argv {
  return [
    env.MORPH_NIX_EVAL_CMD || 'nix-instantiate',
    '--eval',
    evalMachines(env),
    '--argstr',
    'networkExpr',
    path.resolve(file),
    '--attr',
    attribute,
    '--strict',
    // Lets modules come out of derivations that are built on the way.
    '--read-write-mode',
    ...options,
  ];
}

/** The command line that prints the value of an attribute below `nodes` in Nix syntax. */
export function networkEvalArgv(file: string, attribute: string, env?: Environment): Argv {
  return instantiateArgv(file, `nodes.${attribute}`, [], env);
}
