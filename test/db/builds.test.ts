import { describe, expect, it } from 'vitest';
import { dialects, freshDatabases } from './fresh-databases.ts';
import { begin, collect, end, evaluate, job, sampleJobset } from './samples.ts';

describe.each(dialects)('builds on %s', (dialect) => {
  const fresh = freshDatabases(dialect);

  it('are read by id, in the order asked for', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const { build } = await evaluate(database, jobsetId, [job('a'), job('b'), job('c')]);

    const builds = await database.builds.getMany([build('c'), 999, build('a'), build('c')]);

    expect(builds.map(({ job }) => job)).toEqual(['c', 'a']);
    expect(await database.builds.get(build('b'))).toMatchObject({
      job: 'b',
      outputs: { out: '/nix/store/b-1' },
    });
    expect(await database.builds.get(999)).toBeUndefined();
    expect(await database.builds.getMany([])).toEqual([]);
  });

  it('are finished once, with all that came of them', async () => {
    await using database = await fresh.open();
    const { builds } = database;
    const { id: jobsetId } = await sampleJobset(database);
    const evaluation = await evaluate(database, jobsetId, [
      job('a', 1, { outputs: { out: null, dev: '/nix/store/dev' } }),
    ]);
    const id = evaluation.build('a');
    await builds.markStarted(id, 1800);
    expect(await builds.get(id)).toMatchObject({ startedAt: 1800, finished: false });
    const products = [
      {
        number: 1,
        type: 'file',
        subtype: 'iso',
        name: "it's an image.iso",
        path: '/nix/store/x/image.iso',
        defaultPath: '',
        fileSize: 2 ** 40,
        sha256: 'ab'.repeat(32),
      },
      {
        number: 2,
        type: 'doc',
        subtype: 'manual',
        name: 'doc',
        path: '/nix/store/x/doc',
        defaultPath: 'index.html',
        fileSize: null,
        sha256: null,
      },
    ];
    const metrics = [
      { name: 'coverage', value: 18.25, unit: '%' },
      { name: 'files', value: 12, unit: null },
    ];

    const finished = await builds.finish(id, {
      status: 6,
      startedAt: 2000,
      stoppedAt: 3000,
      isCached: true,
      errorMessage: 'with output',
      outputs: { out: '/nix/store/out' },
      size: 2 ** 41,
      closureSize: 2 ** 42,
      releaseName: 'r-1',
      products: products.toReversed(),
      metrics: [{ name: 'files', value: 1, unit: 'x' }, ...metrics],
    });

    expect(finished).toBe(true);
    expect(await builds.get(id)).toMatchObject({
      finished: true,
      status: 6,
      startedAt: 2000,
      stoppedAt: 3000,
      isCached: true,
      errorMessage: 'with output',
      outputs: { dev: '/nix/store/dev', out: '/nix/store/out' },
      size: 2 ** 41,
      closureSize: 2 ** 42,
      releaseName: 'r-1',
    });
    expect(await builds.products(id)).toEqual(products);
    expect(await builds.metrics(id)).toEqual(metrics);

    expect(await builds.finish(id, end())).toBe(false);
    expect(await builds.finish(999, end())).toBe(false);
    await builds.markStarted(id, 9);
    expect(await builds.get(id)).toMatchObject({ status: 6, startedAt: 2000 });
    expect(await builds.products(id)).toHaveLength(2);
    expect(await database.evaluations.counts([evaluation.id])).toEqual(
      new Map([[evaluation.id, { total: 1, scheduled: 0, succeeded: 0, failed: 1 }]]),
    );
  });

  it('are cancelled while they are unfinished', async () => {
    await using database = await fresh.open();
    const { builds } = database;
    const { id: jobsetId } = await sampleJobset(database);
    const evaluation = await evaluate(database, jobsetId, [job('a'), job('b'), job('c')]);
    const { build } = evaluation;
    await builds.finish(build('b'), end());

    expect(await builds.cancel([build('c'), build('b'), build('a'), 999], 5000)).toEqual([
      build('a'),
      build('c'),
    ]);

    expect(await builds.get(build('a'))).toMatchObject({
      finished: true,
      status: 4,
      startedAt: 5000,
      stoppedAt: 5000,
      isCached: false,
    });
    expect(await builds.get(build('b'))).toMatchObject({ status: 0 });
    expect(await builds.finish(build('a'), end())).toBe(false);
    expect(await builds.cancel([build('a')], 6000)).toEqual([]);
    expect(await builds.cancel([], 6000)).toEqual([]);
    expect(await database.evaluations.counts([evaluation.id])).toEqual(
      new Map([[evaluation.id, { total: 3, scheduled: 0, succeeded: 1, failed: 2 }]]),
    );
  });

  it('are restarted when they are finished, and what failed of them is forgotten', async () => {
    await using database = await fresh.open();
    const { builds, failures, steps } = database;
    const { id: jobsetId } = await sampleJobset(database);
    const evaluation = await evaluate(database, jobsetId, [job('a'), job('b'), job('c')]);
    const { build } = evaluation;
    const product = {
      number: 1,
      type: 'file',
      subtype: '',
      name: 'x',
      path: '/nix/store/x',
      defaultPath: '',
      fileSize: null,
      sha256: null,
    };
    await steps.begin({
      buildId: build('a'),
      type: 'build',
      drvPath: '/nix/store/dependency.drv',
      phase: 30,
      startedAt: 1,
      builder: 'local',
      system: 'x86_64-linux',
      emulated: false,
      propagatedFrom: null,
      logFile: null,
      outputs: { out: '/nix/store/dependency', dev: null },
    });
    await builds.finish(build('a'), end({ status: 2, errorMessage: 'a dependency', products: [product] }));
    await builds.finish(build('b'), end());
    const forgotten = [
      '/nix/store/a-1',
      '/nix/store/a-1.drv',
      '/nix/store/dependency',
      '/nix/store/dependency.drv',
    ];
    await failures.add([...forgotten, '/nix/store/b-1', '/nix/store/else'], 'failed', 9000);

    expect(await builds.restart([build('a'), build('c'), 999])).toEqual([build('a')]);

    expect(await builds.get(build('a'))).toMatchObject({
      finished: false,
      status: null,
      startedAt: null,
      stoppedAt: null,
      isCached: false,
      errorMessage: null,
    });
    expect(await builds.products(build('a'))).toEqual([product]);
    expect(
      (await failures.find([...forgotten, '/nix/store/b-1', '/nix/store/else'], 1)).map(({ key }) => key),
    ).toEqual(['/nix/store/b-1', '/nix/store/else']);
    expect(await database.evaluations.counts([evaluation.id])).toEqual(
      new Map([[evaluation.id, { total: 3, scheduled: 2, succeeded: 1, failed: 0 }]]),
    );

    expect(await builds.finish(build('a'), end())).toBe(true);
    expect(await builds.products(build('a'))).toEqual([]);
    expect(await database.evaluations.counts([evaluation.id])).toEqual(
      new Map([[evaluation.id, { total: 3, scheduled: 1, succeeded: 2, failed: 0 }]]),
    );
  });

  it('stream from the queue, bumped ones first, then by priority and age', async () => {
    await using database = await fresh.open();
    const { builds } = database;
    const { id: jobsetId } = await sampleJobset(database);
    const { build } = await evaluate(database, jobsetId, [
      job('low', 1, { priority: 1 }),
      job('old', 1, { maxSilent: 5, timeout: 6 }),
      job('young'),
      job('high', 1, { priority: 200 }),
      job('bumped', 1, { priority: 1 }),
      job('done'),
    ]);
    await builds.finish(build('done'), end());

    expect(await builds.bump([build('bumped'), build('done')], 1234)).toEqual([build('bumped')]);

    const order = ['bumped', 'high', 'old', 'young', 'low'].map(build);
    const queued = await collect(builds.queued());
    expect(queued.map(({ id }) => id)).toEqual(order);
    expect(queued[0]).toEqual({
      id: build('bumped'),
      jobsetId,
      drvPath: '/nix/store/bumped-1.drv',
      priority: 1,
      globalPriority: 1234,
      maxSilent: null,
      timeout: null,
    });
    expect(queued[2]).toMatchObject({ maxSilent: 5, timeout: 6 });
    expect((await builds.queue(3)).map(({ id }) => id)).toEqual(order.slice(0, 3));
    expect((await builds.queuedOf([build('low'), build('done'), build('high')])).map(({ id }) => id)).toEqual(
      [build('high'), build('low')],
    );
    expect(await builds.countUnfinished()).toBe(5);
  });

  it('stream whole while others change the queue', async () => {
    await using database = await fresh.open();
    const { builds } = database;
    const { id: jobsetId } = await sampleJobset(database);
    const jobs = Array.from({ length: 4500 }, (_, index) => job(`job-${index}`));
    const { added } = await evaluate(database, jobsetId, jobs);
    const last = added.at(-1)?.buildId ?? 0;
    const cancelled = added.at(-2)?.buildId ?? 0;

    const seen: number[] = [];
    for await (const { id } of builds.queued()) {
      if (seen.length === 0) {
        await builds.bump([last], 99);
        await builds.cancel([cancelled], 1);
      }
      seen.push(id);
    }

    expect(new Set(seen).size).toBe(4499);
    expect(seen).toContain(last);
    expect(seen).not.toContain(cancelled);
  });

  it('that are pinned stay so', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const { build } = await evaluate(database, jobsetId, [job('a')]);

    await database.builds.setKeep(build('a'), true);
    expect((await database.builds.get(build('a')))?.keep).toBe(true);
    await database.builds.setKeep(build('a'), false);
    expect((await database.builds.get(build('a')))?.keep).toBe(false);
  });

  it('that no latest evaluation has can be told from the rest of the queue', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const first = await evaluate(database, jobsetId, [job('a'), job('b'), job('c')]);
    await database.builds.finish(first.build('c'), end());
    expect(await database.builds.nonCurrentUnfinished()).toEqual([]);

    await evaluate(database, jobsetId, [job('a', 2), job('b'), job('c', 2)]);
    const { id: fresh_ } = await sampleJobset(database, { name: 'fresh' });
    const begun = await begin(database, fresh_);
    const [added] = await database.evaluations.addJobs(begun, [job('x')], 1);

    expect(await database.builds.nonCurrentUnfinished()).toEqual([first.build('a'), added?.buildId]);
  });

  it('of an evaluation are chosen by status', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const { id, build } = await evaluate(database, jobsetId, [job('a'), job('b'), job('c'), job('d')]);
    await database.builds.finish(build('a'), end({ status: 3 }));
    await database.builds.finish(build('b'), end({ status: 1 }));
    await database.builds.finish(build('c'), end());

    expect(await database.builds.idsOfEvaluation(id, [3, 4, 9])).toEqual([build('a')]);
    expect(await database.builds.idsOfEvaluation(id, [null, 1])).toEqual([build('b'), build('d')]);
    expect(await database.builds.idsOfEvaluation(id, [])).toEqual([]);
  });
});
