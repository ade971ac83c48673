/** What `/build/N/api/get-info` says: where the output is, and what content-addressed derivations became. */

import type { Ci } from '../ci/ci.ts';
import type { BuildRecord } from '../db/records.ts';

export async function loadStepInfo({ database: { steps } }: Pick<Ci, 'database'>, build: BuildRecord) {
  const resolved = (await steps.of(build.id)).flatMap(({ number, resolvedDrvPath }) =>
    resolvedDrvPath === null ? [] : { number, resolvedDrvPath },
  );
  const resolvedSteps = await Promise.all(
    resolved.map(async ({ number, resolvedDrvPath }) => {
      const [newest] = await steps.attempts(resolvedDrvPath);
      const terminal = newest && {
        buildId: newest.buildId,
        stepnr: newest.number,
        status: newest.status,
        busy: newest.phase,
      };
      return { stepnr: number, resolvedDrvPath, ...(terminal === undefined ? {} : { terminal }) };
    }),
  );
  return {
    buildId: build.id,
    drvPath: build.drvPath,
    outPath: build.outputs.out ?? null,
    ...(resolvedSteps.length === 0 ? {} : { resolvedSteps }),
  };
}
