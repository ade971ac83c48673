import { expect, it } from 'vitest';
import { createStepEnds, type StepEnd } from './step-ends.ts';
import { drv, request } from './testing/sample-step.ts';

const done: StepEnd = { ok: true, paths: [] };

it('remembers an end for the requests that watch, not for later ones', () => {
  const ends = createStepEnds();
  const [before, after, never] = [request('a'), request('b'), request('c')];
  ends.watch(before);
  ends.remember(drv('dep'), done);
  ends.watch(after);
  expect(ends.recall(drv('dep'), before)).toBe(done);
  expect(ends.recall(drv('dep'), after)).toBeUndefined();
  expect(ends.recall(drv('dep'), never)).toBeUndefined();
  expect(ends.recall(drv('other'), before)).toBeUndefined();
});

it('goes on from where a request began to watch', () => {
  const ends = createStepEnds();
  const one = request('a');
  ends.watch(one);
  ends.remember(drv('dep'), done);
  ends.watch(one);
  expect(ends.recall(drv('dep'), one)).toBe(done);
});

it('forgets an end when the last request that could ask for it has gone', () => {
  const ends = createStepEnds();
  const [one, two, three] = [request('a'), request('b'), request('c')];
  ends.watch(one);
  ends.watch(two);
  ends.remember(drv('dep'), done);
  ends.watch(three);
  ends.unwatch(one);
  expect(ends.recall(drv('dep'), two)).toBe(done);
  ends.unwatch(two);
  // Not there any more, even for one that could have known it.
  ends.watch(two);
  expect(ends.recall(drv('dep'), two)).toBeUndefined();
});

it('keeps the newest of two ends', () => {
  const ends = createStepEnds();
  const one = request('a');
  ends.watch(one);
  ends.remember(drv('dep'), new Error('first'));
  const two = request('b');
  ends.watch(two);
  ends.remember(drv('dep'), done);
  expect(ends.recall(drv('dep'), one)).toBe(done);
  expect(ends.recall(drv('dep'), two)).toBe(done);
});
