/** Which log comes next for somebody who follows a build. Pure. */

import type { z } from 'zod';
import type { build } from '../../api/v1/schemas/build.ts';
import { chooseStep } from './choose-step.ts';

type Build = z.output<typeof build>;
type Step = Build['steps'][number];

export type FollowedBuild = Pick<Build, 'drvPath' | 'steps' | 'finished'>;

/**
 * `seen`: numbers of steps that were shown, or passed over; undefined at the start, when only what runs is of interest,
 * or, in a finished build, the log that `chooseStep` says. Later all that began since is, one after another.
 */
export function nextLoggedStep(
  build: FollowedBuild,
  seen: ReadonlySet<number> | undefined,
): Step | undefined {
  if (seen !== undefined) return build.steps.find(({ hasLog, number }) => hasLog && !seen.has(number));
  if (build.finished) return chooseStep(build);
  return build.steps.find(({ hasLog, status }) => hasLog && status === null);
}
