import { expect, it } from 'vitest';
import { parseEvaluationName } from './evaluation-name.ts';

it.each([
  ['fleet/main', undefined],
  ['fleet:main', undefined],
  ['fleet/main#42', 42],
])('reads %s', (text, evaluation) => {
  expect(parseEvaluationName(text)).toEqual({ project: 'fleet', jobset: 'main', evaluation });
});

it.each(['fleet', '', '#1', 'fleet/main#', 'fleet/main#x', 'fleet/main#0', 'fleet/main#1#2'])(
  'refuses %j',
  (text) => {
    expect(() => parseEvaluationName(text)).toThrow(/^wanted /);
  },
);
