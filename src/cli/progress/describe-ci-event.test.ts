import { expect, it } from 'vitest';
import type { CiEvent } from '../../events/event.ts';
import { parseStorePath } from '../../nix/store-path.ts';
import { describeCiEvent } from './describe-ci-event.ts';

const drvPath = parseStorePath('/nix/store/7rw8v9pckcwracg8g6lgjagjpgsvg24l-x.drv');
const jobset = { project: 'fleet', jobset: 'main' };

const cases: readonly (readonly [CiEvent, readonly string[]])[] = [
  [
    { type: 'ci.evaluation.started', ...jobset, evaluation: null, phase: 'fetching' },
    ['fleet:main: fetching its inputs'],
  ],
  [
    { type: 'ci.evaluation.started', ...jobset, evaluation: 5, phase: 'evaluating' },
    ['fleet:main: evaluating 5'],
  ],
  [
    { type: 'ci.evaluation.progress', ...jobset, evaluation: 5, job: 'web01', ok: true, done: 1, failed: 0 },
    [],
  ],
  [
    { type: 'ci.evaluation.progress', ...jobset, evaluation: 5, job: 'db01', ok: false, done: 1, failed: 1 },
    ['fleet:main: db01 does not evaluate'],
  ],
  [
    { type: 'ci.evaluation.ended', ...jobset, evaluation: 5, state: 'done', message: null },
    ['fleet:main: evaluation 5 is done'],
  ],
  [
    { type: 'ci.evaluation.ended', ...jobset, evaluation: null, state: 'unchanged', message: null },
    ['fleet:main: nothing has changed since the last evaluation'],
  ],
  [
    {
      type: 'ci.evaluation.ended',
      ...jobset,
      evaluation: null,
      state: 'failed',
      message: 'cannot fetch network\n\u001b[31mfatal: no such branch\n',
    },
    ['fleet:main: evaluation failed: cannot fetch network', '  fatal: no such branch'],
  ],
  [
    { type: 'ci.evaluation.ended', ...jobset, evaluation: 5, state: 'cancelled', message: null },
    ['fleet:main: evaluation 5 was cancelled'],
  ],
  [{ type: 'ci.build.queued', ...jobset, build: 7, job: 'web01' }, []],
  [{ type: 'ci.build.started', ...jobset, build: 7, job: 'web01' }, ['build 7 (fleet:main:web01): started']],
  [
    { type: 'ci.build.finished', ...jobset, build: 7, job: 'web01', status: 0 },
    ['build 7 (fleet:main:web01): succeeded'],
  ],
  [
    { type: 'ci.build.finished', ...jobset, build: 7, job: 'web01', status: 10 },
    ['build 7 (fleet:main:web01): printed more than it may'],
  ],
  [
    { type: 'ci.build.finished', ...jobset, build: 7, job: 'web01', status: 99 },
    ['build 7 (fleet:main:web01): ended with status 99'],
  ],
  [{ type: 'ci.step.ended', build: 7, step: 1, drvPath, status: 0 }, []],
  [{ type: 'ci.builder.changed', builder: 'arm1', state: 'lost' }, ['builder arm1: lost']],
];

it.each(cases)('tells %j', (event, lines) => {
  expect(describeCiEvent(event)).toEqual(lines);
});
