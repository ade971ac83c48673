import { describe, expect, it } from 'vitest';
import type { StepRecord } from '../../src/db/records.ts';
import { dialects, freshDatabases } from './fresh-databases.ts';
import { evaluate, job, sampleJobset } from './samples.ts';

describe.each(dialects)('steps on %s', (dialect) => {
  const fresh = freshDatabases(dialect);

  function step(buildId: number, change: Partial<StepRecord> = {}) {
    return {
      buildId,
      type: 'build',
      drvPath: '/nix/store/a.drv',
      phase: 1,
      startedAt: 1000,
      builder: '',
      system: 'x86_64-linux',
      emulated: false,
      propagatedFrom: null,
      logFile: null,
      outputs: { out: '/nix/store/a', dev: null },
      ...change,
    } as const;
  }

  it('are numbered within their build, go through phases and end', async () => {
    await using database = await fresh.open();
    const { steps } = database;
    const { id: jobsetId } = await sampleJobset(database);
    const { build } = await evaluate(database, jobsetId, [job('a'), job('b')]);

    expect(await steps.begin(step(build('a')))).toBe(1);
    expect(
      await steps.begin(step(build('b'), { type: 'substitution', builder: "it's", emulated: true })),
    ).toBe(1);
    expect(await steps.begin(step(build('a'), { propagatedFrom: build('b'), logFile: 'ab/c.log' }))).toBe(2);
    expect(await steps.get(build('a'), 2)).toEqual({
      ...step(build('a'), { propagatedFrom: build('b'), logFile: 'ab/c.log' }),
      number: 2,
      status: null,
      errorMessage: null,
      stoppedAt: null,
      resolvedDrvPath: null,
    });

    await steps.setPhase(build('a'), 1, 30);
    expect((await steps.running()).map(({ buildId, number, phase }) => [buildId, number, phase])).toEqual([
      [build('a'), 1, 30],
      [build('a'), 2, 1],
      [build('b'), 1, 1],
    ]);

    await steps.end(build('a'), 1, {
      status: 13,
      errorMessage: 'it became another',
      stoppedAt: 4000,
      outputs: { out: '/nix/store/b' },
      resolvedDrvPath: '/nix/store/b.drv',
      logFile: 'cd/e.log',
      builder: 'ssh://builder',
      emulated: true,
    });
    await steps.setPhase(build('a'), 1, 40);
    expect(await steps.get(build('a'), 1)).toEqual({
      ...step(build('a')),
      number: 1,
      phase: 0,
      status: 13,
      errorMessage: 'it became another',
      stoppedAt: 4000,
      outputs: { out: '/nix/store/b' },
      resolvedDrvPath: '/nix/store/b.drv',
      logFile: 'cd/e.log',
      builder: 'ssh://builder',
      emulated: true,
    });
    await steps.end(build('b'), 1, { status: 0, errorMessage: null, stoppedAt: 5000 });
    expect(await steps.get(build('b'), 1)).toMatchObject({ builder: "it's", emulated: true, status: 0 });
    expect((await steps.of(build('a'))).map(({ number, status }) => [number, status])).toEqual([
      [1, 13],
      [2, null],
    ]);
    expect(await steps.get(build('a'), 3)).toBeUndefined();
  });

  it('get different numbers when many begin at once', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const { build } = await evaluate(database, jobsetId, [job('a')]);

    const numbers = await Promise.all(
      Array.from({ length: 30 }, () => database.steps.begin(step(build('a')))),
    );

    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
  });

  it('do not begin for a build that is gone', async () => {
    await using database = await fresh.open();
    const jobset = await sampleJobset(database);
    const { build } = await evaluate(database, jobset.id, [job('a')]);
    await database.steps.begin(step(build('a')));
    await database.jobsets.delete(jobset.id);

    await expect(database.steps.begin(step(build('a')))).rejects.toMatchObject({
      code: 'db.missing',
      message: `there is no build ${build('a')} any more`,
    });
    await database.steps.end(build('a'), 1, { status: 0, errorMessage: null, stoppedAt: 5 });
    expect(await database.steps.running()).toEqual([]);
  });

  it('that ended are paged, newest first', async () => {
    await using database = await fresh.open();
    const { steps } = database;
    const { id: jobsetId } = await sampleJobset(database);
    const { build } = await evaluate(database, jobsetId, [job('a'), job('b')]);
    const ended: [string, number][] = [
      ['a', 3000],
      ['b', 1000],
      ['b', 3000],
    ];
    for (const [name, stoppedAt] of ended) {
      const number = await steps.begin(step(build(name)));
      await steps.end(build(name), number, { status: 0, errorMessage: null, stoppedAt });
    }
    await steps.begin(step(build('a')));
    const page = async (offset: number, limit: number) =>
      (await steps.page({ offset, limit })).map(({ buildId, number }) => [buildId, number]);

    expect(await page(0, 2)).toEqual([
      [build('b'), 2],
      [build('a'), 1],
    ]);
    expect(await page(2, 2)).toEqual([[build('b'), 1]]);
  });

  it('at one derivation are its attempts, newest first', async () => {
    await using database = await fresh.open();
    const { steps } = database;
    const { id: jobsetId } = await sampleJobset(database);
    const { build } = await evaluate(database, jobsetId, [job('a'), job('b')]);
    await steps.begin(step(build('b')));
    await steps.begin(step(build('a')));
    await steps.begin(step(build('a'), { drvPath: '/nix/store/other.drv' }));
    await steps.begin(step(build('a')));

    expect(
      (await steps.attempts('/nix/store/a.drv')).map(({ buildId, number }) => [buildId, number]),
    ).toEqual([
      [build('b'), 1],
      [build('a'), 3],
      [build('a'), 1],
    ]);
    expect(await steps.attempts('/nix/store/none.drv')).toEqual([]);
  });

  it('that a server left running are aborted', async () => {
    await using database = await fresh.open();
    const { steps } = database;
    const { id: jobsetId } = await sampleJobset(database);
    const { build } = await evaluate(database, jobsetId, [job('a')]);
    await steps.begin(step(build('a'), { phase: 30 }));
    const done = await steps.begin(step(build('a')));
    await steps.end(build('a'), done, { status: 0, errorMessage: null, stoppedAt: 5 });

    expect(await steps.abandonRunning(9000, 'the server ended')).toBe(1);

    expect(await steps.get(build('a'), 1)).toMatchObject({
      status: 3,
      phase: 0,
      stoppedAt: 9000,
      errorMessage: 'the server ended',
    });
    expect(await steps.get(build('a'), done)).toMatchObject({ status: 0, stoppedAt: 5 });
    expect(await steps.running()).toEqual([]);
    expect(await steps.abandonRunning(9999, 'again')).toBe(0);
  });

  it('add up to the seconds that each jobset used since a moment', async () => {
    await using database = await fresh.open();
    const { steps } = database;
    const main = await sampleJobset(database);
    const other = await sampleJobset(database, { name: 'other' });
    const took = async (jobsetId: number, version: number, startedAt: number | null, stoppedAt: number) => {
      const { build } = await evaluate(database, jobsetId, [job('a', version)]);
      const number = await steps.begin(step(build('a'), { startedAt }));
      await steps.end(build('a'), number, { status: 0, errorMessage: null, stoppedAt });
      return build('a');
    };
    await took(main.id, 1, 1000, 3000);
    await took(main.id, 2, 6000, 9000);
    await took(main.id, 3, 9000, 10_500);
    await took(main.id, 4, null, 20_000);
    const unfinished = await took(other.id, 1, 4000, 12_000);
    await steps.begin(step(unfinished));

    expect(await steps.secondsPerJobset(7000)).toEqual(
      new Map([
        [main.id, 3.5],
        [other.id, 5],
      ]),
    );
    expect(await steps.secondsPerJobset(50_000)).toEqual(new Map());
  });
});
