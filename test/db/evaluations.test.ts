import { describe, expect, it } from 'vitest';
import { dialects, freshDatabases } from './fresh-databases.ts';
import { begin, end, evaluate, job, project, sampleJobset } from './samples.ts';

describe.each(dialects)('evaluations on %s', (dialect) => {
  const fresh = freshDatabases(dialect);

  it('are kept with all that went in', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const input = {
      name: 'src',
      type: 'git',
      uri: 'https://example.org/x.git',
      revision: 'abc',
      value: null,
      dependency: null,
      path: '/nix/store/x-source',
      sha256: '0'.repeat(64),
    };
    const other = { ...input, name: 'build', type: 'build', dependency: 12, value: "it's" };
    const id = await database.evaluations.begin({
      jobsetId,
      startedAt: 1000,
      checkoutMs: 10,
      inputHash: 'hash',
      flake: null,
      nixExprInput: 'src',
      nixExprPath: 'release.nix',
      inputs: [input, other],
    });

    expect(await database.evaluations.get(id)).toEqual({
      id,
      jobsetId,
      project: 'fleet',
      jobset: 'main',
      state: 'evaluating',
      startedAt: 1000,
      finishedAt: null,
      checkoutMs: 10,
      evaluationMs: 0,
      hasNewBuilds: false,
      inputHash: 'hash',
      errorMessage: null,
      flake: null,
      nixExprInput: 'src',
      nixExprPath: 'release.nix',
      inputs: [input, other],
    });
    expect(await database.evaluations.get(id + 1)).toBeUndefined();
    await expect(begin(database, 77)).rejects.toMatchObject({ code: 'db.missing' });
  });

  it('end once, and become what is current', async () => {
    await using database = await fresh.open();
    const { evaluations } = database;
    const { id: jobsetId } = await sampleJobset(database);
    const id = await begin(database, jobsetId);
    const [added] = await evaluations.addJobs(id, [job('a')], 1500);
    const build = added?.buildId ?? 0;
    expect(await database.builds.get(build)).toMatchObject({ isCurrent: false });

    const ended = await evaluations.finish(id, {
      state: 'done',
      at: 2000,
      evaluationMs: 30,
      errorMessage: 'one job failed',
    });
    expect(ended).toEqual(await evaluations.get(id));
    expect(ended).toMatchObject({
      state: 'done',
      finishedAt: 2000,
      evaluationMs: 30,
      errorMessage: 'one job failed',
      hasNewBuilds: true,
    });
    expect(await database.builds.get(build)).toMatchObject({ isCurrent: true });

    expect(
      await evaluations.finish(id, { state: 'failed', at: 9, evaluationMs: 1, errorMessage: null }),
    ).toEqual(ended);
    await expect(
      evaluations.finish(99, { state: 'done', at: 1, evaluationMs: 1, errorMessage: null }),
    ).rejects.toMatchObject({ code: 'db.missing', message: 'there is no evaluation 99 any more' });
  });

  it('with nothing new are unchanged, and leave the current builds to the one before', async () => {
    await using database = await fresh.open();
    const { evaluations } = database;
    const { id: jobsetId } = await sampleJobset(database);
    const first = await evaluate(database, jobsetId, [job('a'), job('b')]);
    const second = await evaluate(database, jobsetId, [job('a'), job('b')]);

    expect(await evaluations.get(second.id)).toMatchObject({ state: 'unchanged', hasNewBuilds: false });
    expect(await evaluations.buildIds(second.id)).toEqual([]);
    expect(await evaluations.counts([second.id])).toEqual(
      new Map([[second.id, { total: 0, scheduled: 0, succeeded: 0, failed: 0 }]]),
    );
    expect(await database.builds.get(first.build('a'))).toMatchObject({ isCurrent: true });
    expect(await database.builds.evaluationsOf(first.build('a'))).toEqual([first.id]);
    expect((await evaluations.latest(jobsetId))?.id).toBe(second.id);
    expect((await evaluations.latestWithBuilds(jobsetId))?.id).toBe(first.id);
  });

  it('with fewer jobs are a change, and the first without any is too', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const empty = await evaluate(database, jobsetId, []);
    expect(await database.evaluations.get(empty.id)).toMatchObject({ state: 'done', hasNewBuilds: true });

    const first = await evaluate(database, jobsetId, [job('a'), job('b')]);
    const second = await evaluate(database, jobsetId, [job('a')]);

    expect(await database.evaluations.get(second.id)).toMatchObject({ state: 'done', hasNewBuilds: true });
    expect(await database.builds.get(first.build('b'))).toMatchObject({ isCurrent: false });
    expect(await database.builds.get(first.build('a'))).toMatchObject({ isCurrent: true });
  });

  it('that failed or were cancelled keep their builds and change nothing current', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const done = await evaluate(database, jobsetId, [job('a'), job('c')]);
    const cancelled = await evaluate(database, jobsetId, [job('a'), job('b')], 'cancelled');
    const failed = await evaluate(database, jobsetId, [job('a')], 'failed');

    expect(await database.evaluations.get(cancelled.id)).toMatchObject({
      state: 'cancelled',
      hasNewBuilds: true,
    });
    expect(await database.evaluations.get(failed.id)).toMatchObject({ state: 'failed', hasNewBuilds: false });
    expect(await database.evaluations.buildIds(cancelled.id)).toEqual([
      done.build('a'),
      cancelled.build('b'),
    ]);
    expect(await database.builds.get(cancelled.build('b'))).toMatchObject({
      isCurrent: false,
      finished: false,
    });
    expect((await database.evaluations.latestWithBuilds(jobsetId))?.id).toBe(done.id);
    expect((await database.evaluations.latest(jobsetId))?.id).toBe(failed.id);
  });

  it('are found as the latest, with builds, before another, and finished', async () => {
    await using database = await fresh.open();
    const { evaluations } = database;
    const { id: jobsetId } = await sampleJobset(database);
    expect(await evaluations.latest(jobsetId)).toBeUndefined();
    const first = await evaluate(database, jobsetId, [job('a')]);
    const second = await evaluate(database, jobsetId, [job('a', 2), job('b')]);
    const running = await begin(database, jobsetId);
    const { id: otherJobset } = await sampleJobset(database, { name: 'other' });
    await evaluate(database, otherJobset, [job('a')]);

    expect((await evaluations.latest(jobsetId))?.id).toBe(second.id);
    expect((await evaluations.latestWithBuilds(jobsetId))?.id).toBe(second.id);
    expect((await evaluations.latestWithBuilds(jobsetId, second.id))?.id).toBe(first.id);
    expect(await evaluations.latestWithBuilds(jobsetId, first.id)).toBeUndefined();
    expect(await evaluations.latestFinished(jobsetId)).toBeUndefined();

    await database.builds.finish(first.build('a'), end({ status: 1 }));
    expect((await evaluations.latestFinished(jobsetId))?.id).toBe(first.id);
    await database.builds.finish(second.build('a'), end());
    expect((await evaluations.latestFinished(jobsetId))?.id).toBe(first.id);
    await database.builds.finish(second.build('b'), end());
    expect((await evaluations.latestFinished(jobsetId))?.id).toBe(second.id);
    await evaluations.finish(running, { state: 'done', at: 3000, evaluationMs: 1, errorMessage: null });
    expect((await evaluations.latestFinished(jobsetId))?.id).toBe(running);
  });

  it('are paged newest first: of all, of a jobset, of a project', async () => {
    await using database = await fresh.open();
    const { evaluations } = database;
    const { id: jobsetId } = await sampleJobset(database);
    const ids: number[] = [];
    for (let version = 1; version <= 5; version += 1)
      ids.unshift((await evaluate(database, jobsetId, [job('a', version)])).id);
    await evaluate(database, jobsetId, [job('a', 5)]);
    await begin(database, jobsetId);
    const { id: otherJobset } = await sampleJobset(database, { name: 'other' });
    const other = await evaluate(database, otherJobset, [job('a')]);
    await database.projects.create(project({ name: 'empty' }));
    const page = async (filter: object, offset: number, limit: number) => {
      const { rows, total } = await evaluations.page(filter, { offset, limit });
      return { ids: rows.map(({ id }) => id), total };
    };

    expect(await page({}, 0, 3)).toEqual({ ids: [other.id, ids[0], ids[1]], total: 6 });
    expect(await page({ jobsetId }, 1, 3)).toEqual({ ids: ids.slice(1, 4), total: 5 });
    expect(await page({ jobsetId }, 4, 3)).toEqual({ ids: ids.slice(4), total: 5 });
    expect(await page({ project: 'fleet' }, 0, 9)).toEqual({ ids: [other.id, ...ids], total: 6 });
    expect(await page({ project: 'empty' }, 0, 9)).toEqual({ ids: [], total: 0 });
    expect(await page({ jobsetId, project: 'empty' }, 0, 9)).toEqual({ ids: [], total: 0 });
  });

  it('keep the errors of their jobs in order', async () => {
    await using database = await fresh.open();
    const { evaluations } = database;
    const { id: jobsetId } = await sampleJobset(database);
    const id = await begin(database, jobsetId);
    const errors = [
      { job: 'z', message: "attribute 'x' missing", file: 'a.nix', line: 3, column: 7, trace: '… while' },
      { job: 'a', message: 'ünï', file: null, line: null, column: null, trace: '' },
    ];

    await evaluations.addErrors(id, errors.slice(0, 1));
    await evaluations.addErrors(id, errors.slice(1));
    await evaluations.addErrors(id, []);

    expect(await evaluations.errors(id)).toEqual(errors);
    expect(await evaluations.errors(id + 1)).toEqual([]);
  });

  it('keep what a network says', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const id = await begin(database, jobsetId);
    expect(await database.evaluations.network(id)).toBeUndefined();

    await database.evaluations.setNetwork(id, '{"a":1}');
    await database.evaluations.setNetwork(id, '{"a":2}');

    expect(await database.evaluations.network(id)).toBe('{"a":2}');
  });

  it('that a server left behind are failed, and their jobsets free again', async () => {
    await using database = await fresh.open();
    const { evaluations, jobsets } = database;
    const { id: jobsetId } = await sampleJobset(database);
    const done = await evaluate(database, jobsetId, [job('a')]);
    await jobsets.trigger(jobsetId, 400);
    await jobsets.markStarted(jobsetId, 500);
    const id = await begin(database, jobsetId);
    await evaluations.addJobs(id, [job('b')], 1500);

    expect(await evaluations.abandonUnfinished(7000, 'the server ended')).toBe(1);

    expect(await evaluations.get(id)).toMatchObject({
      state: 'failed',
      finishedAt: 7000,
      errorMessage: 'the server ended',
      hasNewBuilds: true,
    });
    expect(await evaluations.get(done.id)).toMatchObject({ state: 'done', errorMessage: null });
    expect(await jobsets.get(jobsetId)).toMatchObject({ startedAt: null, triggeredAt: 400 });
    expect(await evaluations.abandonUnfinished(8000, 'again')).toBe(0);
  });

  it('give their builds, by id and by job', async () => {
    await using database = await fresh.open();
    const { evaluations } = database;
    const { id: jobsetId } = await sampleJobset(database);
    const { id: otherJobset } = await sampleJobset(database, { name: 'other' });
    await evaluate(database, otherJobset, [job('a', 9)]);
    const first = await evaluate(database, jobsetId, [job('b'), job('a')]);
    const second = await evaluate(database, jobsetId, [job('a', 2), job('b')]);

    expect(await evaluations.buildIds(second.id)).toEqual([first.build('b'), second.build('a')]);
    expect((await evaluations.builds(second.id)).map(({ job, nixName }) => [job, nixName])).toEqual([
      ['b', 'b-1'],
      ['a', 'a-2'],
    ]);
    expect((await evaluations.findJob(first.id, 'a'))?.nixName).toBe('a-1');
    expect((await evaluations.findJob(second.id, 'a'))?.nixName).toBe('a-2');
    expect(await evaluations.findJob(second.id, 'c')).toBeUndefined();
    expect((await evaluations.counts([first.id, second.id, 99])).size).toBe(2);
    expect(await evaluations.counts([])).toEqual(new Map());
  });

  it('tell the store paths of good builds that have a nix-build product', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const outputs = { out: '/nix/store/z-out', dev: '/nix/store/b-dev' };
    const evaluation = await evaluate(database, jobsetId, [
      job('a', 1, { outputs }),
      job('same', 1, { outputs }),
      job('failed'),
      job('file'),
      job('queued'),
    ]);
    const product = {
      number: 1,
      type: 'nix-build',
      subtype: '',
      name: 'a',
      path: '/nix/store/z-out',
      defaultPath: '',
      fileSize: null,
      sha256: null,
    };
    for (const name of ['a', 'same', 'failed', 'file'])
      await database.builds.finish(
        evaluation.build(name),
        end({
          status: name === 'failed' ? 6 : 0,
          products: [{ ...product, type: name === 'file' ? 'file' : 'nix-build' }],
        }),
      );

    expect(await database.evaluations.storePaths(evaluation.id)).toEqual([
      '/nix/store/b-dev',
      '/nix/store/z-out',
    ]);
  });
});
