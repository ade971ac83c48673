import { describe, expect, it } from 'vitest';
import { parseStorePath, type StorePath } from '../nix/store-path.ts';
import type { ConstituentOutput } from './evaluation.ts';
import { type PlannedAggregate, planAggregates } from './plan-aggregates.ts';

const drv = (name: string): StorePath => parseStorePath(`/nix/store/${'0'.repeat(32)}-${name}.drv`);
const derivation = (name: string): ConstituentOutput => ({
  drvPath: drv(name),
  output: 'out',
  path: `/x/${name}`,
});
type Constituent = string | ConstituentOutput;

/** Aggregates by name among the jobs a, b and tests.c, and the failed `bad`; a name with a star is a pattern. */
function plan(
  aggregates: Readonly<Record<string, readonly Constituent[]>>,
  more: Readonly<Record<string, StorePath>> = {},
): readonly PlannedAggregate[] {
  const jobs = ['a', 'b', 'tests.c', ...Object.keys(aggregates)].map((name) => [name, drv(name)] as const);
  return planAggregates(
    Object.entries(aggregates).map(([name, constituents]) => ({
      name,
      aggregate: {
        constituents: constituents.map((one) => (typeof one === 'string' ? { name: one } : one)),
        globs: constituents.some((one) => typeof one === 'string' && one.includes('*')),
      },
    })),
    new Map([...jobs, ...Object.entries(more)]),
    ['bad'],
  );
}

describe('planAggregates', () => {
  it('looks up names, also of jobs that failed', () => {
    expect(plan({ agg: ['b', 'a', 'bad', 'none', 'b'] })).toEqual([
      {
        name: 'agg',
        members: [{ job: 'b' }, { job: 'a' }, { job: 'bad' }, { problem: 'none: does not exist' }],
      },
    ]);
  });

  it('looks up derivations, by the shortest of their names', () => {
    expect(plan({ agg: [derivation('tests.c'), derivation('hidden')] }, { cc: drv('tests.c') })).toEqual([
      {
        name: 'agg',
        members: [{ job: 'cc', given: derivation('tests.c') }, { foreign: derivation('hidden') }],
      },
    ]);
  });

  it('takes patterns for all that match, except for the aggregate itself', () => {
    expect(plan({ agg: ['*a*'], other: ['x*'] })).toEqual([
      { name: 'agg', members: [{ job: 'a' }, { job: 'bad' }] },
      { name: 'other', members: [{ problem: 'x*: constituent glob pattern had no matches' }] },
    ]);
  });

  it('puts first what others are made of', () => {
    const order = plan({ a1: ['a2', 'a3'], a2: ['a3'], a3: ['a'], a0: [derivation('a1')] });

    expect(order.map(({ name }) => name)).toEqual(['a3', 'a2', 'a1', 'a0']);
  });

  it('names a circle by the two that close it, and leaves what is outside alone', () => {
    const planned = plan({ x: ['y'], y: ['z', 'a'], z: ['x'], w: ['x'], self: ['self'] });
    const members = Object.fromEntries(planned.map(({ name, members: [first] }) => [name, first]));
    const circle = { problem: 'Dependency cycle: x <-> z' };

    expect(members).toEqual({
      w: { job: 'x' },
      x: circle,
      y: circle,
      z: circle,
      self: { problem: 'Dependency cycle: self <-> self' },
    });
  });
});
