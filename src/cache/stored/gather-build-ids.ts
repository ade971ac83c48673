import type { NarHandler } from '../../nix/nar-handler.ts';
import { buildIdOf } from '../extras/build-id-of.ts';

/** Far more than a kernel has modules. */
const most = 20_000;

/** Notes the build IDs of the programs that a NAR has debug information of, while it is parsed. */
export function gatherBuildIds(): { readonly handler: NarHandler; found(): readonly string[] } {
  const buildIds: string[] = [];
  return {
    handler: {
      regular(path) {
        const buildId = buildIdOf(path);
        if (buildId !== undefined && buildIds.length < most) buildIds.push(buildId);
      },
    },
    found: () => buildIds,
  };
}
