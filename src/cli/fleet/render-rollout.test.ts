import { expect, it } from 'vitest';
import { type Rollout, type RolloutDetails, renderRolloutDetails, renderRollouts } from './render-rollout.ts';

const rollout: Rollout = {
  id: 'main-42-x',
  project: 'fleet',
  jobset: 'main',
  evaluation: 42,
  action: 'switch',
  state: 'ended',
  result: 'failed',
  message: null,
  createdBy: 'alice',
  why: 'a new\nkernel',
  createdAt: 1_000_000,
  approvedBy: 'bob',
  approvedAt: 2_000_000,
  startedAt: 2_000_000,
  endedAt: 3_000_000,
};
const host = {
  wave: 0,
  toplevel: '/nix/store/x-system',
  step: null,
  result: null,
  message: null,
  previous: null,
  startedAt: null,
  endedAt: null,
};
const details: RolloutDetails = {
  ...rollout,
  hosts: [
    { ...host, host: 'a', step: 'keep', result: 'deployed', startedAt: 0, endedAt: 1500 },
    { ...host, host: 'b', wave: 1, step: 'activate', result: 'rolled-back', message: 'exit\ncode 1' },
    { ...host, host: 'c', wave: 1 },
  ],
  leftOut: [{ host: 'zoo', why: 'it did not evaluate' }],
  plan: { action: 'switch', waves: [['a'], ['b', 'c']], hosts: [] },
};

it('lists rollouts', () => {
  const rows = renderRollouts(
    [rollout, { ...rollout, id: 'p', state: 'planned', approvedBy: null }],
    61_000_000,
  );

  expect(rows.map((row) => row.replace(/ {2,}/g, ' | '))).toEqual([
    'rollout | of | action | state | by | planned | why',
    'main-42-x | fleet:main#42 | switch | failed | bob | 16 h 40 min ago | a new kernel',
    'p | fleet:main#42 | switch | waits for approval | alice | 16 h 40 min ago | a new kernel',
  ]);
  expect(renderRollouts([], 0)).toEqual(['no rollouts: proteus rollout start PROJECT/JOBSET']);
});

it('shows one with its hosts', () => {
  const lines = renderRolloutDetails(details, new Map([['a', { before: 'x', after: 'x', unknown: [] }]])).map(
    (line) => line.replace(/ {2,}/g, ' | '),
  );

  expect(lines).toEqual(
    expect.arrayContaining([
      'state | failed',
      'approved | by bob, 1970-01-01T00:33:20.000Z',
      'waves | 2',
      'a | 1 | deployed | 1.5 s | nothing',
      'b | 2 | rolled back | - | - | exit code 1',
      'c | 2 | waits | - | -',
      'zoo is left out: it did not evaluate',
    ]),
  );
});
