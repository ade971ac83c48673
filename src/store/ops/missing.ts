/** What building would take, and where derivations put their outputs. */

import type { StorePath } from '../../nix/store-path.ts';
import type { Request } from '../request.ts';
import type { BuildTarget, Missing } from '../store.ts';
import { printBuildTarget } from './build-target.ts';
import { readOptionalStorePath, readStorePaths } from './path-info.ts';

export function queryMissing(targets: readonly BuildTarget[]): Request<Missing> {
  return {
    op: 40,
    what: `asking what ${targets.length} targets need`,
    write: (encoder) => encoder.strings(targets.map(printBuildTarget)),
    read: async (reader) => ({
      willBuild: await readStorePaths(reader),
      willSubstitute: await readStorePaths(reader),
      unknown: await readStorePaths(reader),
      downloadSize: await reader.u64(),
      narSize: await reader.u64(),
    }),
  };
}

/** By output name; undefined where the path is only known once it is built. */
export function queryDerivationOutputMap(drvPath: StorePath): Request<Map<string, StorePath | undefined>> {
  return {
    op: 41,
    what: `asking for the outputs of ${drvPath}`,
    write: (encoder) => encoder.string(drvPath),
    read: (reader) => reader.map(() => readOptionalStorePath(reader)),
  };
}
