import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import type { BuildRecord } from '../../src/db/records.ts';
import { dialects, freshDatabases } from './fresh-databases.ts';
import { end, evaluate, job, jobset, project, sampleJobset } from './samples.ts';

const day = 86_400_000;
const hour = 3_600_000;

describe.each(dialects)('lists of builds on %s', (dialect) => {
  const fresh = freshDatabases(dialect);
  const arm = { system: 'aarch64-linux' };
  let database: Database;
  let queued: number;

  /** Project fleet has jobsets main and next, project other has main; all have a job `a`. */
  beforeAll(async () => {
    database = await fresh.open();
    const main = await sampleJobset(database);
    const next = await sampleJobset(database, { name: 'next' });
    const { id: otherProject } = await database.projects.create(project({ name: 'other' }));
    const other = await database.jobsets.create(otherProject, jobset());
    for (let version = 1; version <= 4; version += 1) {
      for (const { id } of [main, next, other]) {
        const { added } = await evaluate(database, id, [job('a', version), job('b', version, arm)]);
        for (const { buildId } of added)
          await database.builds.finish(buildId, end({ status: version === 4 ? 1 : 0 }));
      }
    }
    queued = (await evaluate(database, main.id, [job('a', 5), job('b', 4, arm)])).build('a');
  });

  /** `project:jobset:nixName` of each. */
  const names = (builds: readonly BuildRecord[]) =>
    builds.map(({ project, jobset, nixName }) => `${project}:${jobset}:${nixName}`);

  it('page finished ones, newest first, with how many there are', async () => {
    const { builds } = database;
    const page = async (filter: object, offset: number, limit: number) => {
      const { rows, total } = await builds.page(filter, { offset, limit });
      return [total, ...names(rows)];
    };

    expect(await page({}, 0, 2)).toEqual([24, 'other:main:b-4', 'other:main:a-4']);
    expect(await page({}, 23, 5)).toEqual([24, 'fleet:main:a-1']);
    expect(await page({ project: 'fleet' }, 0, 3)).toEqual([
      16,
      'fleet:next:b-4',
      'fleet:next:a-4',
      'fleet:main:b-4',
    ]);
    expect(await page({ project: 'other', jobset: 'main' }, 1, 2)).toEqual([
      8,
      'other:main:a-4',
      'other:main:b-3',
    ]);
    expect(await page({ jobset: 'main' }, 0, 3)).toEqual([
      16,
      'other:main:b-4',
      'other:main:a-4',
      'fleet:main:b-4',
    ]);
    expect(await page({ project: 'fleet', jobset: 'next', job: 'a' }, 1, 2)).toEqual([
      4,
      'fleet:next:a-3',
      'fleet:next:a-2',
    ]);
    expect(await page({ job: 'b' }, 0, 2)).toEqual([12, 'other:main:b-4', 'fleet:next:b-4']);
    expect(await page({ system: 'aarch64-linux', project: 'fleet' }, 6, 9)).toEqual([
      8,
      'fleet:next:b-1',
      'fleet:main:b-1',
    ]);
    expect(await page({ job: 'a', system: 'aarch64-linux' }, 0, 9)).toEqual([0]);
    expect(await page({ project: "' or 1=1" }, 0, 9)).toEqual([0]);
  });

  it('give the latest', async () => {
    const { builds } = database;

    expect(names(await builds.latest({}, 1))).toEqual(['other:main:b-4']);
    expect(names(await builds.latest({ project: 'fleet', jobset: 'main' }, 2))).toEqual([
      'fleet:main:b-4',
      'fleet:main:a-4',
    ]);
    expect(names(await builds.latest({ job: 'a' }, 2))).toEqual(['other:main:a-4', 'fleet:next:a-4']);
    expect(names(await builds.latest({ system: 'aarch64-linux' }, 99))).toHaveLength(12);
    expect(await builds.latest({ project: 'none' }, 2)).toEqual([]);
  });

  it('give the latest good one of a job', async () => {
    const { builds } = database;
    const ofMain = { project: 'fleet', jobset: 'main', job: 'b' };

    expect(await builds.latestSucceeded(ofMain)).toMatchObject({
      nixName: 'b-3',
      jobset: 'main',
      project: 'fleet',
    });
    expect(await builds.latestSucceeded({ ...ofMain, system: 'aarch64-linux' })).toMatchObject({
      nixName: 'b-3',
    });
    expect(await builds.latestSucceeded({ ...ofMain, system: 'x86_64-linux' })).toBeUndefined();
    expect(await builds.latestSucceeded({ ...ofMain, job: 'c' })).toBeUndefined();
  });

  it('give the latest good one whose evaluation is over', async () => {
    const own = await fresh.open();
    await using _ = own;
    const { id: jobsetId } = await sampleJobset(own);
    const ofJob = { project: 'fleet', jobset: 'main', job: 'a' };
    const first = await evaluate(own, jobsetId, [job('a'), job('b')]);
    await own.builds.finish(first.build('a'), end());
    expect(await own.builds.latestOfFinishedEvaluation(ofJob)).toBeUndefined();

    await own.builds.finish(first.build('b'), end({ status: 1 }));
    expect(await own.builds.latestOfFinishedEvaluation(ofJob)).toMatchObject({ nixName: 'a-1' });
    const cancelled = await evaluate(own, jobsetId, [job('a', 9)], 'cancelled');
    await own.builds.finish(cancelled.build('a'), end());
    const second = await evaluate(own, jobsetId, [job('a', 2), job('b', 2)]);
    await own.builds.finish(second.build('a'), end());
    expect(await own.builds.latestOfFinishedEvaluation(ofJob)).toMatchObject({ nixName: 'a-1' });
    await own.builds.cancel([second.build('b')], 5000);
    expect(await own.builds.latestOfFinishedEvaluation(ofJob)).toMatchObject({ nixName: 'a-2' });
    expect(await own.builds.latestOfFinishedEvaluation({ ...ofJob, job: 'c' })).toBeUndefined();
  });

  it('find by output and by derivation', async () => {
    const { builds } = database;

    expect(names(await builds.byOutputPath('/nix/store/a-2', 9))).toEqual([
      'other:main:a-2',
      'fleet:next:a-2',
      'fleet:main:a-2',
    ]);
    expect(names(await builds.byOutputPath('/nix/store/a-2', 1))).toEqual(['other:main:a-2']);
    expect(names(await builds.byDrvPath('/nix/store/b-1.drv', 2))).toEqual([
      'other:main:b-1',
      'fleet:next:b-1',
    ]);
    expect(await builds.byOutputPath('/nix/store/a-', 9)).toEqual([]);
    expect(await builds.byDrvPath('%', 9)).toEqual([]);
  });

  it('find jobs by a part of their name, and give the newest build of each', async () => {
    const own = await fresh.open();
    await using _ = own;
    const { id } = await sampleJobset(own);
    const odd = ['100%', 'a_b', 'axb', 'c\\d', "it's", 'Ünï', 'packages.Hello', 'tests.hello'];
    await evaluate(
      own,
      id,
      odd.map((name) => job(name)),
    );
    await evaluate(own, id, [job('tests.hello', 2)]);
    const search = async (text: string, limit = 99) =>
      (await own.builds.searchJobs(text, limit)).map(({ nixName }) => nixName);

    expect(await search('hello')).toEqual(['packages.Hello-1', 'tests.hello-2']);
    expect(await search('HELLO', 1)).toEqual(['packages.Hello-1']);
    expect(await search('%')).toEqual(['100%-1']);
    expect(await search('_')).toEqual(['a_b-1']);
    expect(await search('\\')).toEqual(['c\\d-1']);
    expect(await search("'")).toEqual(["it's-1"]);
    expect(await search('Ünï')).toEqual(['Ünï-1']);
    expect(await search('absent')).toEqual([]);
    expect(await search('')).toHaveLength(odd.length);
  });

  it('tell what is being built', async () => {
    const { builds, steps } = database;
    expect(await builds.running()).toEqual([]);
    const step = {
      buildId: queued,
      type: 'build',
      drvPath: '/nix/store/a-5.drv',
      phase: 30,
      startedAt: 1,
      builder: 'local',
      system: 'x86_64-linux',
      emulated: false,
      propagatedFrom: null,
      logFile: null,
      outputs: {},
    } as const;
    const first = await steps.begin(step);
    const second = await steps.begin(step);
    expect(names(await builds.running())).toEqual(['fleet:main:a-5']);

    await steps.end(queued, first, { status: 0, errorMessage: null, stoppedAt: 5 });
    expect(names(await builds.running())).toEqual(['fleet:main:a-5']);
    await steps.end(queued, second, { status: 1, errorMessage: null, stoppedAt: 5 });
    expect(await builds.running()).toEqual([]);
  });

  it('count builds by the hour or day they were queued in', async () => {
    const own = await fresh.open();
    await using _ = own;
    const main = await sampleJobset(own);
    const { id: otherProject } = await own.projects.create(project({ name: 'other' }));
    const other = await own.jobsets.create(otherProject, jobset());
    const queue = async (jobsetId: number, at: number, version: number) => {
      const id = (await evaluate(own, jobsetId, [])).id;
      const evaluation = await own.evaluations.begin({
        jobsetId,
        startedAt: 1,
        checkoutMs: 1,
        inputHash: String(id),
        flake: null,
        nixExprInput: 'src',
        nixExprPath: 'x',
        inputs: [],
      });
      await own.evaluations.addJobs(evaluation, [job('a', version), job('b', version, arm)], at);
    };
    const start = Date.UTC(2026, 2, 1);
    await queue(main.id, start, 1);
    await queue(main.id, start + hour - 1, 2);
    await queue(main.id, start + hour, 3);
    await queue(other.id, start + 3 * day + 5, 1);
    await queue(main.id, start + 3 * day + hour, 4);
    const { builds } = own;

    expect(await builds.countsPer('hour', {}, 9)).toEqual([
      { startAt: start + 3 * day + hour, count: 2 },
      { startAt: start + 3 * day, count: 2 },
      { startAt: start + hour, count: 2 },
      { startAt: start, count: 4 },
    ]);
    expect(await builds.countsPer('day', {}, 9)).toEqual([
      { startAt: start + 3 * day, count: 4 },
      { startAt: start, count: 6 },
    ]);
    expect(await builds.countsPer('day', {}, 1)).toEqual([{ startAt: start + 3 * day, count: 4 }]);
    expect(await builds.countsPer('day', { project: 'fleet', system: 'aarch64-linux' }, 9)).toEqual([
      { startAt: start + 3 * day, count: 1 },
      { startAt: start, count: 3 },
    ]);
    expect(await builds.countsPer('hour', { job: 'a' }, 2)).toEqual([
      { startAt: start + 3 * day + hour, count: 1 },
      { startAt: start + 3 * day, count: 1 },
    ]);
    expect(await builds.countsPer('day', { jobset: 'main', project: 'other' }, 9)).toEqual([
      { startAt: start + 3 * day, count: 2 },
    ]);
    expect(await builds.countsPer('day', { job: 'none' }, 9)).toEqual([]);
  });
});
