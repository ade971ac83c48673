import { describe, expect, it } from 'vitest';
import { dialects, freshDatabases } from './fresh-databases.ts';
import { begin, end, evaluate, job, sampleJobset } from './samples.ts';

describe.each(dialects)('jobs added to an evaluation on %s', (dialect) => {
  const fresh = freshDatabases(dialect);

  it('become builds with all that is said of them', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const evaluation = await begin(database, jobsetId);
    const one = job('packages.it\'s 100% "ünï".🚀', 1, {
      outputs: { out: '/nix/store/x', dev: '/nix/store/x-dev', doc: null },
      description: 'A thing',
      license: 'MIT',
      homepage: 'https://example.org',
      maintainers: 'a@example.org, b@example.org',
      maxSilent: 60,
      timeout: 600,
      isChannel: true,
      priority: 7,
    });
    const [added, other] = await database.evaluations.addJobs(evaluation, [one, job('b')], 1500);

    expect(added).toEqual({
      job: one.job,
      buildId: added?.buildId,
      isNew: true,
      finished: false,
      repointed: false,
    });
    expect(other).toMatchObject({ job: 'b', isNew: true });
    expect(await database.builds.get(added?.buildId ?? 0)).toEqual({
      ...one,
      id: added?.buildId,
      jobsetId,
      project: 'fleet',
      jobset: 'main',
      queuedAt: 1500,
      startedAt: null,
      stoppedAt: null,
      finished: false,
      status: null,
      isCached: false,
      isCurrent: false,
      globalPriority: 0,
      errorMessage: null,
      size: null,
      closureSize: null,
      releaseName: null,
      keep: false,
    });
    await expect(database.evaluations.addJobs(99, [one], 1)).rejects.toMatchObject({ code: 'db.missing' });
    expect(await database.evaluations.addJobs(evaluation, [], 1500)).toEqual([]);
  });

  it('take the build over that has the same first output', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const outputs = { out: '/nix/store/x', bin: '/nix/store/x-bin' };
    const first = await evaluate(database, jobsetId, [job('a', 1, { outputs }), job('b'), job('c')]);
    await database.builds.finish(first.build('a'), end());

    // `bin` is the first by name; meta-data alone never makes a build.
    const changed = {
      outputs: { out: '/nix/store/other', bin: '/nix/store/x-bin' },
      priority: 1,
      timeout: 9,
    };
    const second = await evaluate(database, jobsetId, [job('a', 1, changed), job('b', 2), job('c')]);

    expect(second.added).toEqual([
      { job: 'a', buildId: first.build('a'), isNew: false, finished: true, repointed: false },
      { job: 'b', buildId: second.build('b'), isNew: true, finished: false, repointed: false },
      { job: 'c', buildId: first.build('c'), isNew: false, finished: false, repointed: false },
    ]);
    expect(second.build('b')).not.toBe(first.build('b'));
    expect(await database.builds.get(first.build('a'))).toMatchObject({
      priority: 100,
      timeout: null,
      outputs,
    });
    expect(await database.evaluations.counts([second.id])).toEqual(
      new Map([[second.id, { total: 3, scheduled: 2, succeeded: 1, failed: 0 }]]),
    );
  });

  it('go by the derivation where the output is not known before', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const outputs = { out: null };
    const first = await evaluate(database, jobsetId, [job('a', 1, { outputs }), job('b', 1, { outputs })]);
    await database.builds.finish(first.build('a'), end({ outputs: { out: '/nix/store/known-now' } }));

    const second = await evaluate(database, jobsetId, [job('a', 1, { outputs }), job('b', 2, { outputs })]);

    expect(second.build('a')).toBe(first.build('a'));
    expect(second.build('b')).not.toBe(first.build('b'));
  });

  it('give a build another derivation that makes the same output, and queue it again', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const first = await evaluate(database, jobsetId, [job('done'), job('queued'), job('failed')]);
    await database.builds.finish(first.build('done'), end());
    await database.builds.finish(first.build('failed'), end({ status: 1 }));
    const drvPath = '/nix/store/another.drv';

    const names = ['done', 'queued', 'failed'];
    const second = await evaluate(
      database,
      jobsetId,
      names.map((name) => job(name, 1, { drvPath, system: 'aarch64-linux' })),
    );

    expect(second.added).toEqual(
      names.map((name) => ({
        job: name,
        buildId: first.build(name),
        isNew: false,
        finished: false,
        repointed: true,
      })),
    );
    for (const name of names)
      expect(await database.builds.get(first.build(name))).toMatchObject({
        drvPath,
        system: 'aarch64-linux',
        finished: false,
        status: null,
        startedAt: null,
      });
    expect((await database.evaluations.get(second.id))?.state).toBe('unchanged');
    expect(await database.evaluations.counts([first.id])).toEqual(
      new Map([[first.id, { total: 3, scheduled: 3, succeeded: 0, failed: 0 }]]),
    );
    expect((await database.builds.page({}, { offset: 0, limit: 9 })).total).toBe(0);
  });

  it('make a third build when they go back to what was before the last', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const a = await evaluate(database, jobsetId, [job('a', 1)]);
    const b = await evaluate(database, jobsetId, [job('a', 2)]);
    const again = await evaluate(database, jobsetId, [job('a', 1)]);

    expect(new Set([a.build('a'), b.build('a'), again.build('a')]).size).toBe(3);
  });

  it('take over what evaluations queued that did not come to their end', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const first = await evaluate(database, jobsetId, [job('a', 1), job('b', 1)]);
    const cancelled = await evaluate(database, jobsetId, [job('a', 2)], 'cancelled');
    const died = await begin(database, jobsetId);
    const [fromDied] = await database.evaluations.addJobs(died, [job('b', 2)], 1);
    await database.evaluations.abandonUnfinished(2, 'died');

    const next = await evaluate(database, jobsetId, [job('a', 2), job('b', 2)]);

    expect(next.build('a')).toBe(cancelled.build('a'));
    expect(next.build('b')).toBe(fromDied?.buildId);
    expect(await database.evaluations.get(next.id)).toMatchObject({ state: 'unchanged' });
    expect(first.build('a')).not.toBe(next.build('a'));
  });

  it('can be added again, when the answer was lost', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const old = await evaluate(database, jobsetId, [job('old')]);
    const id = await begin(database, jobsetId);
    const jobs = [job('a'), job('old'), job('b'), job('b')];

    const first = await database.evaluations.addJobs(id, jobs, 1500);
    const second = await database.evaluations.addJobs(id, jobs, 1600);

    expect(second).toEqual(first);
    expect(first.map(({ isNew }) => isNew)).toEqual([true, false, true, true]);
    expect(first[1]?.buildId).toBe(old.build('old'));
    expect(await database.evaluations.counts([id])).toEqual(
      new Map([[id, { total: 3, scheduled: 3, succeeded: 0, failed: 0 }]]),
    );
  });

  it('have one build for a name: the first that was added', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const id = await begin(database, jobsetId);

    const [first] = await database.evaluations.addJobs(id, [job('a', 1), job('a', 2)], 1500);
    const [again] = await database.evaluations.addJobs(id, [job('a', 3)], 1600);

    expect(again).toEqual(first);
    expect(await database.evaluations.builds(id)).toMatchObject([{ nixName: 'a-1' }]);
  });

  it('are not mixed up with those of other jobsets', async () => {
    await using database = await fresh.open();
    const { id: one } = await sampleJobset(database);
    const { id: two } = await sampleJobset(database, { name: 'two' });
    const first = await evaluate(database, one, [job('a')]);
    const second = await evaluate(database, two, [job('a')]);

    expect(second.build('a')).not.toBe(first.build('a'));
    expect(second.added[0]?.isNew).toBe(true);
  });

  it('may be more than a statement takes parameters', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const jobs = Array.from({ length: 6000 }, (_, index) => job(`job-${index}`));
    const first = await evaluate(database, jobsetId, jobs);
    const again = await evaluate(database, jobsetId, [...jobs, job('more')]);

    expect(again.added.filter(({ isNew }) => isNew).map(({ job }) => job)).toEqual(['more']);
    expect(first.build('job-5999')).toBe(again.build('job-5999'));
    const all = await database.evaluations.buildIds(again.id);
    expect(all).toHaveLength(6001);
    expect((await database.builds.getMany(all)).map(({ id }) => id)).toEqual(all);
    expect(await database.builds.cancel(all, 5)).toEqual(all);
    expect(await database.builds.restart(all)).toEqual(all);
    const keys = jobs.map(({ drvPath }) => drvPath);
    await database.failures.add(keys, 'failed', 100);
    expect(await database.failures.find(keys, 1)).toHaveLength(6000);
    await database.evaluations.addConstituents(all[0] ?? 0, all.slice(1));
    expect(await database.builds.constituents(all[0] ?? 0)).toHaveLength(6000);
  });

  it('know the builds of their constituents', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const { build } = await evaluate(database, jobsetId, [job('a'), job('b'), job('all'), job('more')]);
    await database.evaluations.addConstituents(build('all'), [build('b'), build('a')]);
    await database.evaluations.addConstituents(build('all'), [build('b')]);
    await database.evaluations.addConstituents(build('more'), [build('all'), build('a')]);
    await database.evaluations.addConstituents(build('more'), []);

    const jobsOf = async (builds: Promise<readonly { readonly job: string }[]>) =>
      (await builds).map(({ job }) => job);
    expect(await jobsOf(database.builds.constituents(build('all')))).toEqual(['a', 'b']);
    expect(await jobsOf(database.builds.aggregatesOf(build('a')))).toEqual(['all', 'more']);
    expect(await jobsOf(database.builds.aggregatesOf(build('more')))).toEqual([]);
  });
});
