import { describe, expect, it } from 'vitest';
import { type JobsetRecord, jobsetState } from '../../db/records.ts';
import { jobsetRecord } from '../testing/records.ts';
import { chooseJobsets, type JobsetChoiceInput } from './choose-jobsets.ts';

const now = 1_000_000;

function choose(
  jobsets: readonly Partial<JobsetRecord>[],
  input: Partial<Omit<JobsetChoiceInput, 'jobsets'>> = {},
): { readonly start: readonly number[]; readonly nextAt: number | undefined } {
  const { start, nextAt } = chooseJobsets({
    jobsets: jobsets.map((jobset, index) => jobsetRecord({ id: index + 1, ...jobset })),
    enabledProjects: new Set([1]),
    running: new Set(),
    building: new Set(),
    resting: new Map(),
    free: 10,
    now,
    ...input,
  });
  return { start: start.map(({ id }) => id), nextAt };
}

describe('chooseJobsets', () => {
  it('takes what was asked for, and what its interval makes due', () => {
    expect(
      choose([
        { triggeredAt: now - 1, checkInterval: 0 },
        { checkInterval: 60, lastCheckedAt: now - 60_000 },
        { checkInterval: 60, lastCheckedAt: null },
      ]).start,
    ).toEqual([1, 3, 2]);
  });

  it('says when the next one is due', () => {
    expect(
      choose([
        { checkInterval: 60, lastCheckedAt: now - 1000 },
        { checkInterval: 30, lastCheckedAt: now - 1000 },
        { checkInterval: 0, lastCheckedAt: now - 1000 },
      ]),
    ).toEqual({ start: [], nextAt: now + 29_000 });
    expect(choose([{ checkInterval: 0 }])).toEqual({ start: [], nextAt: undefined });
  });

  it('leaves out what is disabled, also with its project, and what runs', () => {
    const asked = { triggeredAt: 1 };
    expect(
      choose([{ ...asked, state: jobsetState.disabled }, { ...asked, projectId: 2 }, asked, asked], {
        running: new Set([3]),
      }).start,
    ).toEqual([4]);
  });

  it('takes a one-shot jobset like any other', () => {
    expect(choose([{ state: jobsetState.oneShot, checkInterval: 60, lastCheckedAt: null }]).start).toEqual([
      1,
    ]);
  });

  it('lets a one-at-a-time jobset wait for its builds, unless it is asked for', () => {
    const due = { state: jobsetState.oneAtATime, checkInterval: 60, lastCheckedAt: 0 };
    expect(choose([due, { ...due, triggeredAt: 5 }, due], { building: new Set([1, 2]) })).toEqual({
      start: [2, 3],
      nextAt: undefined,
    });
  });

  it('puts first what was asked for first, then what has waited longest', () => {
    expect(
      choose([
        { checkInterval: 1, lastCheckedAt: 500 },
        { checkInterval: 1, lastCheckedAt: 400 },
        { triggeredAt: 20 },
        { triggeredAt: 10, lastCheckedAt: 999 },
        { triggeredAt: 10, lastCheckedAt: 999 },
      ]).start,
    ).toEqual([4, 5, 3, 2, 1]);
  });

  it('starts no more than may run', () => {
    expect(choose([{ triggeredAt: 1 }, { triggeredAt: 2 }, { triggeredAt: 3 }], { free: 2 }).start).toEqual([
      1, 2,
    ]);
    expect(choose([{ triggeredAt: 1 }], { free: -1 }).start).toEqual([]);
  });

  it('lets a jobset rest after a fault', () => {
    expect(choose([{ triggeredAt: 1 }], { resting: new Map([[1, now + 500]]) })).toEqual({
      start: [],
      nextAt: now + 500,
    });
    expect(choose([{ triggeredAt: 1 }], { resting: new Map([[1, now]]) }).start).toEqual([1]);
  });
});
