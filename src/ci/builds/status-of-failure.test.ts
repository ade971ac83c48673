import { expect, it } from 'vitest';
import type { StepFailure } from '../../events/event.ts';
import { buildStatusOf, stepStatusOf } from './status-of-failure.ts';

it.each<[StepFailure, number, number, number]>([
  ['build-failed', 1, 1, 2],
  ['output-rejected', 1, 1, 2],
  ['cached-failure', 8, 1, 2],
  ['dependency-failed', 2, 2, 2],
  ['builder-lost', 3, 3, 3],
  ['cancelled', 4, 4, 4],
  ['timed-out', 7, 7, 7],
  ['silent', 7, 7, 7],
  ['unsupported', 9, 9, 9],
  ['log-limit', 10, 10, 10],
  ['output-limit', 11, 11, 11],
])('%s is %i of the step, %i of its build, %i of a build that needs it', (reason, step, own, dependent) => {
  expect([stepStatusOf(reason), buildStatusOf(reason, true), buildStatusOf(reason, false)]).toEqual([
    step,
    own,
    dependent,
  ]);
});
