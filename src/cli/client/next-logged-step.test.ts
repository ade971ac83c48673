import { describe, expect, it } from 'vitest';
import { type FollowedBuild, nextLoggedStep } from './next-logged-step.ts';

type Step = FollowedBuild['steps'][number];

const step = (number: number, status: number | null, more: Partial<Step> = {}): Step => ({
  buildId: 7,
  number,
  type: 'build',
  drvPath: `/nix/store/${number}.drv`,
  phase: 0,
  status,
  errorMessage: null,
  startedAt: null,
  stoppedAt: null,
  builder: 'local',
  system: 'x86_64-linux',
  emulated: false,
  propagatedFrom: null,
  resolvedDrvPath: null,
  hasLog: true,
  outputs: {},
  ...more,
});
const next = (steps: readonly Step[], finished: boolean, seen?: readonly number[]): number | undefined =>
  nextLoggedStep(
    { drvPath: '/nix/store/own.drv', steps: [...steps], finished },
    seen === undefined ? undefined : new Set(seen),
  )?.number;

describe('nextLoggedStep', () => {
  it('is at first what runs, not what is over', () => {
    expect(next([step(1, 0), step(2, null), step(3, null)], false)).toBe(2);
    expect(next([step(1, 0), step(2, null, { hasLog: false })], false)).toBeUndefined();
    expect(next([], false)).toBeUndefined();
  });

  it('is at first, in a finished build, what failed', () => {
    expect(next([step(1, 0), step(2, 1), step(3, 0)], true)).toBe(2);
    expect(next([step(1, 0, { hasLog: false })], true)).toBeUndefined();
  });

  it('is later what has not been shown, also what ended meanwhile', () => {
    const steps = [step(1, 0), step(2, 0), step(3, 1, { hasLog: false }), step(4, 1)];

    expect(next(steps, false, [1])).toBe(2);
    expect(next(steps, true, [1, 2])).toBe(4);
    expect(next(steps, true, [1, 2, 4])).toBeUndefined();
  });
});
