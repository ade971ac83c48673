/** The step whose log is wanted when somebody asks for the log of a build. Pure. */

import type { z } from 'zod';
import type { build } from '../../api/v1/schemas/build.ts';

type Build = z.output<typeof build>;
type Step = Build['steps'][number];

/** `number`: the step that was asked for. Undefined when there is no log to show. */
export function chooseStep(
  { drvPath, steps }: Pick<Build, 'drvPath' | 'steps'>,
  number?: number,
): Step | undefined {
  if (number !== undefined) return steps.find((step) => step.number === number && step.hasLog);
  const logged = steps.filter(({ hasLog }) => hasLog);
  const failed = logged.find(({ status }) => status !== null && status !== 0);
  return failed ?? logged.findLast((step) => step.drvPath === drvPath) ?? logged.at(-1);
}
