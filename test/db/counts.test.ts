/** The counts that are kept beside the builds, against counting, after anything at all has happened to them. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BuildStatus } from '../../src/db/build-status.ts';
import type { BuildFilter, Database } from '../../src/db/database.ts';
import type { BuildRecord, EvaluationCounts } from '../../src/db/records.ts';
import { dialects, freshDatabases } from './fresh-databases.ts';
import { begin, end, evaluate, job, sampleJobset } from './samples.ts';

type Action =
  | {
      readonly type: 'evaluate';
      readonly jobset: number;
      /** By job: 0 leaves it out; odd and even ones differ in their derivation, pairs of them in their output. */
      readonly versions: readonly number[];
      readonly state: 'done' | 'failed' | 'cancelled';
    }
  | { readonly type: 'finish'; readonly build: number; readonly status: BuildStatus }
  | { readonly type: 'cancel' | 'restart'; readonly builds: readonly number[] };

const index = fc.nat(30);
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    type: fc.constant('evaluate' as const),
    jobset: fc.nat(1),
    versions: fc.array(fc.nat(4), { minLength: 3, maxLength: 3 }),
    state: fc.constantFrom('done' as const, 'done' as const, 'failed' as const, 'cancelled' as const),
  }),
  fc.record({
    type: fc.constant('finish' as const),
    build: index,
    status: fc.constantFrom<BuildStatus>(0, 0, 1, 2, 6),
  }),
  fc.record({ type: fc.constantFrom('cancel' as const, 'restart' as const), builds: fc.array(index) }),
);

function count(builds: readonly BuildRecord[]): EvaluationCounts {
  const of = (matches: (build: BuildRecord) => boolean) => builds.filter(matches).length;
  return {
    total: builds.length,
    scheduled: of(({ finished }) => !finished),
    succeeded: of(({ status }) => status === 0),
    failed: of(({ finished, status }) => finished && status !== 0),
  };
}

describe.each(dialects)('counts on %s', (dialect) => {
  const fresh = freshDatabases(dialect);

  async function perform(
    database: Database,
    jobsets: readonly number[],
    builds: Set<number>,
    action: Action,
  ) {
    const known = [...builds];
    const pick = (index: number): number => known[index % known.length] ?? 0;
    if (action.type === 'evaluate') {
      const jobs = action.versions.flatMap((version, index) =>
        version === 0
          ? []
          : job(`job-${index}`, version, {
              outputs: { out: `/nix/store/${index}-${Math.ceil(version / 2)}` },
              system: version % 2 === 0 ? 'x86_64-linux' : 'aarch64-linux',
            }),
      );
      const { added } = await evaluate(database, jobsets[action.jobset] ?? 0, jobs, action.state);
      for (const { buildId } of added) builds.add(buildId);
    } else if (action.type === 'finish') {
      await database.builds.finish(pick(action.build), end({ status: action.status }));
    } else if (action.type === 'cancel') {
      await database.builds.cancel(action.builds.map(pick), 1);
    } else {
      await database.builds.restart(action.builds.map(pick));
    }
  }

  /** All counts there are, as kept and as counted. */
  async function allCounts(database: Database, builds: ReadonlySet<number>) {
    const all = await database.builds.getMany([...builds]);
    const evaluations = new Set<number>();
    for (const id of builds) for (const of of await database.builds.evaluationsOf(id)) evaluations.add(of);
    const kept: unknown[] = [];
    const counted: unknown[] = [];
    for (const [id, counts] of await database.evaluations.counts([...evaluations])) {
      kept.push([`evaluation ${id}`, counts]);
      counted.push([`evaluation ${id}`, count(await database.evaluations.builds(id))]);
    }
    for (const [id, counts] of await database.jobsets.counts()) {
      kept.push([`jobset ${id}`, counts]);
      const current = all.filter(({ jobsetId, isCurrent }) => jobsetId === id && isCurrent);
      counted.push([`jobset ${id}`, count(current)]);
    }
    const filters: readonly BuildFilter[] = [
      {},
      { jobset: 'main' },
      { job: 'job-0' },
      { jobset: 'other', job: 'job-1' },
      { system: 'aarch64-linux' },
      { jobset: 'main', system: 'x86_64-linux' },
      { job: 'job-2', system: 'x86_64-linux' },
    ];
    for (const filter of filters) {
      const { rows, total } = await database.builds.page(filter, { offset: 0, limit: 999 });
      kept.push([filter, total, rows.length]);
      const { length } = all.filter(
        ({ finished, jobset, job, system }) =>
          finished &&
          jobset === (filter.jobset ?? jobset) &&
          job === (filter.job ?? job) &&
          system === (filter.system ?? system),
      );
      counted.push([filter, length, length]);
    }
    return { kept, counted };
  }

  it('are what counting gives', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 30 }), async (actions) => {
        await using database = await fresh.open();
        const jobsets = [
          (await sampleJobset(database)).id,
          (await sampleJobset(database, { name: 'other' })).id,
        ];
        const builds = new Set<number>();
        for (const action of actions) await perform(database, jobsets, builds, action);
        const { kept, counted } = await allCounts(database, builds);
        expect(kept).toEqual(counted);
      }),
      { numRuns: 25 },
    );
  });

  it('stay so when builds are finished, cancelled and taken over at the same time', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const builds = new Set<number>();
    for (let version = 1; version <= 6; version += 1) {
      const jobs = Array.from({ length: 40 }, (_, index) =>
        job(`job-${index}`, index % 4 === 0 ? version : 0),
      );
      const { added } = await evaluate(database, jobsetId, jobs);
      for (const { buildId } of added) builds.add(buildId);
      const ids = added.map(({ buildId }) => buildId);
      const next = await begin(database, jobsetId);
      await Promise.all([
        ...ids.slice(0, 20).map((id) => database.builds.finish(id, end({ status: id % 3 === 0 ? 1 : 0 }))),
        database.evaluations.addJobs(next, jobs.slice(0, 25), 1),
        database.builds.cancel(ids.slice(15, 30).toReversed(), 1),
        database.evaluations.addJobs(next, jobs.slice(20), 1),
        database.builds.restart(ids.slice(10, 25)),
        database.builds.restart(ids.slice(5, 35).toReversed()),
      ]);
      await database.evaluations.finish(next, {
        state: 'failed',
        at: 1,
        evaluationMs: 1,
        errorMessage: null,
      });
    }

    const { kept, counted } = await allCounts(database, builds);
    expect(kept).toEqual(counted);
  });
});
