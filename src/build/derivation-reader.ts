/**
 * Reads derivation files for planning and keeps what was read, so that a second machine, which shares nearly all of
 * its derivations with the first, costs only what is new. Reading is on demand: the closure of a machine has
 * thousands of derivations, and a machine that is valid already needs one of them.
 */

import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Derivation } from '../nix/derivation.ts';
import { prefersLocalBuild, requiredSystemFeatures } from '../nix/derivation-options.ts';
import { parseDerivation } from '../nix/parse-derivation.ts';
import { type StorePath, storePathName } from '../nix/store-path.ts';
import { AppError } from '../util/app-error.ts';
import type { BuildStep } from './build-step.ts';

/** Files open at a time. */
const concurrency = 32;
/** So few are read in one go: waiting for each costs more than reading it. */
const fewFiles = 4;
/** Derivations that are remembered at most. */
const knownAtMost = 50_000;

export interface DerivationReader {
  /** The steps of these derivations, in their order. Throws `build.derivation-missing`, `nix.derivation-invalid`. */
  steps(drvPaths: Iterable<StorePath>): Promise<readonly BuildStep[]>;
  /**
   * All of one derivation; read again each time, as few are ever built. It was read not long ago, so it is read in
   * one go: from memory, that costs less than waiting for it.
   */
  derivation(drvPath: StorePath): Derivation;
}

type Read = (path: string) => Promise<Uint8Array>;
type ReadNow = (path: string) => Uint8Array;

export function createDerivationReader(
  read: Read = (path) => readFile(path),
  readNow: ReadNow = (path) => readFileSync(path),
): DerivationReader {
  const known = new Map<StorePath, BuildStep>();

  const readStep = async (drvPath: StorePath): Promise<BuildStep> => {
    const bytes = await read(drvPath).catch((cause: unknown) => {
      throw missing(drvPath, cause);
    });
    return buildStep(drvPath, parseDerivation(bytes, drvPath));
  };
  const derivation = (drvPath: StorePath): Derivation => {
    let bytes: Uint8Array;
    try {
      bytes = readNow(drvPath);
    } catch (cause) {
      throw missing(drvPath, cause);
    }
    return parseDerivation(bytes, drvPath);
  };

  return {
    derivation,
    async steps(drvPaths) {
      const wanted = [...drvPaths];
      const found = new Map(wanted.map((drvPath) => [drvPath, known.get(drvPath)]));
      const all = [...found].filter(([, step]) => step === undefined);
      const isFew = all.length <= fewFiles;
      const unread = all.values();
      const readers = Array.from({ length: concurrency }, async () => {
        for (const [drvPath] of unread) {
          const step = isFew ? buildStep(drvPath, derivation(drvPath)) : await readStep(drvPath);
          found.set(drvPath, step);
          known.set(drvPath, step);
        }
      });
      await Promise.all(readers);
      // The oldest go: a map keeps the order in which things came.
      for (const drvPath of known.keys()) {
        if (known.size <= knownAtMost) break;
        known.delete(drvPath);
      }
      return wanted.flatMap((drvPath) => found.get(drvPath) ?? []);
    },
  };
}

function missing(drvPath: StorePath, cause: unknown): AppError {
  return new AppError(
    'build.derivation-missing',
    `cannot read the derivation ${drvPath}, which is to be built or needed by one that is`,
    { cause },
  );
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
