/** Building and substituting. Source: libstore/daemon.cc, derivations.cc (`writeDerivation`). */

import type { BasicDerivation } from '../../nix/derivation.ts';
import type { StorePath } from '../../nix/store-path.ts';
import { type Request, readDone } from '../request.ts';
import type { BuildOptions, BuildResult, BuildTarget } from '../store.ts';
import type { WireEncoder } from '../wire-encoder.ts';
import { readBuildResult } from './build-result.ts';
import { normalizeBuildTarget, printBuildTarget } from './build-target.ts';

const modes = { normal: 0, repair: 1, check: 2 } as const;

type BuildMode = BuildOptions['mode'];

/** Builds one derivation whose inputs are all valid there, without its `.drv` file. */
export function buildDerivation(
  drvPath: StorePath,
  drv: BasicDerivation,
  mode: BuildMode = 'normal',
): Request<BuildResult> {
  return {
    op: 36,
    what: `building ${drvPath}`,
    write: (encoder) => {
      writeBasicDerivation(encoder.string(drvPath), drv);
      encoder.u64(modes[mode]);
    },
    read: readBuildResult,
  };
}

/** Builds what the targets need too. Results are by target as `normalizeBuildTarget` spells it, in no order. */
export function buildPathsWithResults(
  targets: readonly BuildTarget[],
  mode: BuildMode = 'normal',
): Request<ReadonlyMap<string, BuildResult>> {
  return {
    op: 46,
    since: 34,
    what:
      targets.length === 1
        ? `building ${targets.map(printBuildTarget).join()}`
        : `building ${targets.length} targets`,
    write: (encoder) => encoder.strings(targets.map(printBuildTarget)).u64(modes[mode]),
    read: async (reader, minor) =>
      new Map(
        await reader.list(
          async () =>
            [normalizeBuildTarget(await reader.string()), await readBuildResult(reader, minor)] as const,
        ),
      ),
  };
}

export function ensurePath(path: StorePath): Request<void> {
  return {
    op: 10,
    what: `fetching ${path}`,
    write: (encoder) => encoder.string(path),
    read: readDone,
  };
}

function writeBasicDerivation(encoder: WireEncoder, drv: BasicDerivation): void {
  encoder.u64(drv.outputs.size);
  for (const [name, output] of drv.outputs) {
    encoder
      .string(name)
      .string(output.path ?? '')
      .string(output.hashAlgorithm)
      .string(output.hash);
  }
  encoder.strings(drv.inputSources).string(drv.platform).string(drv.builder).strings(drv.args).map(drv.env);
}
