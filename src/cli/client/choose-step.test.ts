import { expect, it } from 'vitest';
import { chooseStep } from './choose-step.ts';

function step(number: number, drvPath: string, status: number | null, hasLog = true) {
  return {
    buildId: 7,
    number,
    type: 'build' as const,
    drvPath,
    phase: 0,
    status,
    errorMessage: null,
    startedAt: 1,
    stoppedAt: null,
    builder: 'local',
    system: 'x86_64-linux',
    emulated: false,
    propagatedFrom: null,
    resolvedDrvPath: null,
    hasLog,
    outputs: {},
  };
}

it.each([
  ['the step that failed', [step(1, 'dep', 0), step(2, 'dep2', 1), step(3, 'own', 0)], 2],
  ['the build’s own step', [step(1, 'own', 0), step(2, 'dep', 0)], 1],
  ['the last attempt at it', [step(1, 'own', 0), step(2, 'own', null)], 2],
  [
    'what runs, before its own has begun',
    [step(1, 'a', 0), step(2, 'b', null), step(3, 'own', null, false)],
    2,
  ],
  ['nothing without logs', [step(1, 'own', 9, false)], undefined],
])('takes %s', (_, steps, number) => {
  expect(chooseStep({ drvPath: 'own', steps })?.number).toBe(number);
});

it('takes the step that is asked for, if it has a log', () => {
  const steps = [step(1, 'own', 0), step(2, 'dep', 1), step(3, 'x', 0, false)];

  expect(chooseStep({ drvPath: 'own', steps }, 1)?.number).toBe(1);
  expect(chooseStep({ drvPath: 'own', steps }, 3)).toBeUndefined();
  expect(chooseStep({ drvPath: 'own', steps }, 4)).toBeUndefined();
});
