/** Asks the failure cache about all steps of a plan at once. */

import type { BuildStep } from './build-step.ts';
import type { FailureCache } from './scheduler.ts';

export interface KnownFailure {
  readonly step: BuildStep;
  readonly message: string;
}

/** The first in the plan's order from below: what needs it would not be told of otherwise. */
export async function findKnownFailure(
  steps: readonly BuildStep[],
  failures: FailureCache | undefined,
): Promise<KnownFailure | undefined> {
  if (failures === undefined || steps.length === 0) return undefined;
  const known = await failures.find(
    steps.map(({ drvPath, outputs }) => ({
      drvPath,
      outputs: [...outputs.values()].flatMap(({ path }) => path ?? []),
    })),
  );
  const step = steps.findLast(({ drvPath }) => known.has(drvPath));
  return step === undefined ? undefined : { step, message: known.get(step.drvPath) ?? '' };
}
