import { describe, expect, it } from 'vitest';
import type { ProductRecord } from '../../src/db/records.ts';
import { dialects, freshDatabases } from './fresh-databases.ts';
import { end, evaluate, job, sampleJobset } from './samples.ts';

const product = (number: number): ProductRecord => ({
  number,
  type: 'file',
  subtype: 'iso',
  name: `${number}.iso`,
  path: `/nix/store/${number}.iso`,
  defaultPath: 'index.html',
  fileSize: 2 ** 40,
  sha256: 'ab',
});

describe.each(dialects)('what belongs to builds on %s', (dialect) => {
  const fresh = freshDatabases(dialect);

  it('is read of many at once', async () => {
    await using database = await fresh.open();
    const { id } = await sampleJobset(database);
    const first = await evaluate(database, id, [job('a'), job('b')]);
    const second = await evaluate(database, id, [job('a'), job('b', 2)]);
    const [a, b] = [first.build('a'), first.build('b')];
    await database.builds.finish(
      a,
      end({
        products: [product(2), product(1)],
        metrics: [
          { name: 'z', value: 1.5, unit: '%' },
          { name: 'a', value: 2, unit: null },
        ],
      }),
    );

    const details = await database.builds.details([b, a, 999]);
    expect(details.get(a)).toEqual({
      evaluations: [first.id, second.id],
      products: [product(1), product(2)],
      metrics: [
        { name: 'a', value: 2, unit: null },
        { name: 'z', value: 1.5, unit: '%' },
      ],
    });
    expect(details.get(b)).toEqual({ evaluations: [first.id], products: [], metrics: [] });
    expect(details.get(999)).toEqual({ evaluations: [], products: [], metrics: [] });
    expect(await database.builds.details([])).toEqual(new Map());
  });

  it('is a metric over time, of the newest builds, oldest first', async () => {
    await using database = await fresh.open();
    const { id } = await sampleJobset(database);
    const ids: number[] = [];
    for (let version = 1; version <= 4; version += 1) {
      const build = (await evaluate(database, id, [job('a', version)])).build('a');
      const metrics = version === 2 ? [] : [{ name: 'size', value: version, unit: 'KiB' }];
      if (version < 4) await database.builds.finish(build, end({ metrics }));
      ids.push(build);
    }
    const of = { project: 'fleet', jobset: 'main', job: 'a' };

    expect(await database.builds.metricHistory(of, 'size', 10)).toEqual([
      { buildId: ids[0], queuedAt: 1000, value: 1, unit: 'KiB' },
      { buildId: ids[2], queuedAt: 1000, value: 3, unit: 'KiB' },
    ]);
    expect(await database.builds.metricHistory(of, 'size', 1)).toMatchObject([{ value: 3 }]);
    expect(await database.builds.metricHistory(of, 'other', 10)).toEqual([]);
    expect(await database.builds.metricHistory({ ...of, job: 'b' }, 'size', 10)).toEqual([]);
  });

  it('is the latest good build of a job, a jobset, a project, a system or of all', async () => {
    await using database = await fresh.open();
    const { builds } = database;
    const main = await sampleJobset(database);
    const next = await sampleJobset(database, { name: 'next' });
    const arm = { system: 'aarch64-linux' };
    const first = await evaluate(database, main.id, [job('a'), job('b', 1, arm)]);
    const second = await evaluate(database, next.id, [job('a', 2), job('c', 2)]);
    const latest = async (filter: object) => (await builds.latestSucceeded(filter))?.id;
    const ofFinished = async (filter: object) => (await builds.latestOfFinishedEvaluation(filter))?.id;

    expect(await latest({})).toBeUndefined();
    for (const name of ['a', 'b']) await builds.finish(first.build(name), end());
    await builds.finish(second.build('a'), end());

    expect(await latest({})).toBe(second.build('a'));
    expect(await latest({ project: 'fleet' })).toBe(second.build('a'));
    expect(await latest({ project: 'fleet', jobset: 'main' })).toBe(first.build('b'));
    expect(await latest({ system: 'aarch64-linux' })).toBe(first.build('b'));
    expect(await latest({ project: 'other' })).toBeUndefined();
    expect(await ofFinished({})).toBe(first.build('b'));
    expect(await ofFinished({ project: 'fleet', jobset: 'main', job: 'a' })).toBe(first.build('a'));
    expect(await ofFinished({ project: 'fleet', jobset: 'next' })).toBeUndefined();
  });
});
