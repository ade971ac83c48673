/**
 * Reads derivation files for planning and keeps what was read, so that a second machine, which shares nearly all of
 * its derivations with the first, costs only what is new. Reading is on demand: the closure of a machine has
 * thousands of derivations, and a machine that is valid already needs one of them.
 */

import { readFile } from 'node:fs/promises';
import type { Derivation } from '../nix/derivation.ts';
import { prefersLocalBuild, requiredSystemFeatures } from '../nix/derivation-options.ts';
import { parseDerivation } from '../nix/parse-derivation.ts';
import { type StorePath, storePathName } from '../nix/store-path.ts';
import { AppError } from '../util/app-error.ts';
import type { BuildStep } from './build-step.ts';

/** Files open at a time. */
const concurrency = 32;

export interface DerivationReader {
  /** The steps of these derivations, in their order. Throws `build.derivation-missing`, `nix.derivation-invalid`. */
  steps(drvPaths: Iterable<StorePath>): Promise<readonly BuildStep[]>;
  /** All of one derivation; read again each time, as few are ever built. */
  derivation(drvPath: StorePath): Promise<Derivation>;
}

export function createDerivationReader(
  read: (path: string) => Promise<Uint8Array> = (path) => readFile(path),
): DerivationReader {
  const known = new Map<StorePath, BuildStep>();

  const derivation = async (drvPath: StorePath): Promise<Derivation> => {
    let bytes: Uint8Array;
    try {
      bytes = await read(drvPath);
    } catch (cause) {
      throw new AppError(
        'build.derivation-missing',
        `cannot read the derivation ${drvPath}, which is to be built or needed by one that is`,
        { cause },
      );
    }
    return parseDerivation(bytes, drvPath);
  };

  return {
    derivation,
    async steps(drvPaths) {
      const wanted = [...drvPaths];
      const unread = [...new Set(wanted)].filter((drvPath) => !known.has(drvPath)).values();
      const readers = Array.from({ length: concurrency }, async () => {
        for (const drvPath of unread) known.set(drvPath, buildStep(drvPath, await derivation(drvPath)));
      });
      await Promise.all(readers);
      return wanted.flatMap((drvPath) => known.get(drvPath) ?? []);
    },
  };
}

function buildStep(drvPath: StorePath, drv: Derivation): BuildStep {
  return {
    drvPath,
    name: storePathName(drvPath).replace(/\.drv$/, ''),
    system: drv.platform,
    requiredFeatures: requiredSystemFeatures(drv),
    prefersLocal: prefersLocalBuild(drv),
    outputs: drv.outputs,
    inputs: drv.inputDerivations,
    floating: [...drv.outputs.values()].some((output) => output.path === undefined),
  };
}
