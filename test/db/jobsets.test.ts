import { describe, expect, it } from 'vitest';
import { dialects, freshDatabases } from './fresh-databases.ts';
import { end, evaluate, job, jobset, project, sampleJobset } from './samples.ts';

describe.each(dialects)('jobsets on %s', (dialect) => {
  const fresh = freshDatabases(dialect);

  it('are made, found, listed and deleted, with their inputs in order', async () => {
    await using database = await fresh.open();
    const { jobsets } = database;
    const { id: projectId } = await database.projects.create(project());
    const settings = jobset({
      name: "it's 50% µ",
      description: 'with "all"',
      state: 3,
      hidden: true,
      enableEmail: true,
      emailOverride: 'a@example.org',
      keepEvaluations: 7,
      checkInterval: 60,
      schedulingShares: 12,
      allowImportFromDerivation: true,
      enableDynamicRunCommand: true,
      inputs: [
        { name: 'z', type: 'string', value: " 'quoted' ", emailResponsible: true },
        { name: 'a', type: 'git', value: 'https://example.org/a.git', emailResponsible: false },
      ],
    });
    const made = await jobsets.create(projectId, settings);

    const expected = {
      ...settings,
      id: made.id,
      projectId,
      project: 'fleet',
      triggeredAt: null,
      forceEvaluation: false,
      startedAt: null,
      lastCheckedAt: null,
      errorMessage: null,
      errorAt: null,
      fetchErrorMessage: null,
    };
    expect(made).toEqual(expected);
    expect(await jobsets.get(made.id)).toEqual(expected);
    expect(await jobsets.find('fleet', "it's 50% µ")).toEqual(expected);
    expect(await jobsets.find('fleet', 'main')).toBeUndefined();
    expect(await jobsets.find('other', "it's 50% µ")).toBeUndefined();

    const flake = jobset({
      name: 'a',
      type: 1,
      flake: 'git+https://x',
      nixExprInput: null,
      nixExprPath: null,
    });
    const { id: otherProject } = await database.projects.create(project({ name: 'another' }));
    const other = await jobsets.create(otherProject, { ...flake, inputs: [] });
    expect(await jobsets.list()).toEqual([other, expected]);
    expect(await jobsets.list(projectId)).toEqual([expected]);

    await jobsets.delete(made.id);
    expect(await jobsets.list()).toEqual([other]);
  });

  it('are replaced as a whole by an update', async () => {
    await using database = await fresh.open();
    const { id } = await sampleJobset(database);
    await database.jobsets.trigger(id, 500);

    await database.jobsets.update(id, jobset({ type: 2, checkInterval: 0, inputs: [] }));

    expect(await database.jobsets.get(id)).toMatchObject({
      type: 2,
      checkInterval: 0,
      inputs: [],
      triggeredAt: 500,
    });
  });

  it('have a name once in a project, and an input once', async () => {
    await using database = await fresh.open();
    const first = await sampleJobset(database);
    const second = await sampleJobset(database, { name: 'second' });
    const taken = { code: 'db.conflict', message: "there is a jobset named 'main' in that project already" };

    await expect(database.jobsets.create(first.projectId, jobset())).rejects.toMatchObject(taken);
    await expect(database.jobsets.update(second.id, jobset())).rejects.toMatchObject(taken);
    const input = { name: 'src', type: 'path', value: '/x', emailResponsible: false };
    await expect(
      database.jobsets.update(second.id, jobset({ name: 'third', inputs: [input, input] })),
    ).rejects.toMatchObject({ code: 'db.conflict' });

    expect(await database.jobsets.get(second.id)).toEqual(second);
  });

  it('are not made in a project that is gone, nor changed when they are', async () => {
    await using database = await fresh.open();

    await expect(database.jobsets.create(5, jobset())).rejects.toMatchObject({ code: 'db.missing' });
    await expect(database.jobsets.update(5, jobset())).rejects.toMatchObject({ code: 'db.missing' });
    await expect(database.jobsets.trigger(5, 1)).rejects.toMatchObject({ code: 'db.missing' });
  });

  it('are found under older names, until those are used again', async () => {
    await using database = await fresh.open();
    const { jobsets } = database;
    const { id, projectId } = await sampleJobset(database);
    await jobsets.update(id, jobset({ name: 'second' }));
    await jobsets.update(id, jobset({ name: 'third' }));

    expect(await jobsets.renamedTo('fleet', 'main')).toBe('third');
    expect(await jobsets.renamedTo('fleet', 'second')).toBe('third');
    expect(await jobsets.renamedTo('fleet', 'third')).toBeUndefined();
    expect(await jobsets.renamedTo('other', 'main')).toBeUndefined();

    await jobsets.create(projectId, jobset());
    expect(await jobsets.renamedTo('fleet', 'main')).toBeUndefined();
    await jobsets.update(id, jobset({ name: 'second' }));
    expect(await jobsets.renamedTo('fleet', 'second')).toBeUndefined();
    expect(await jobsets.renamedTo('fleet', 'third')).toBe('second');
  });

  describe('triggers', () => {
    it('stay as they are until an evaluation takes them', async () => {
      await using database = await fresh.open();
      const { jobsets } = database;
      const { id } = await sampleJobset(database);

      await jobsets.trigger(id, 500, { force: true });
      await jobsets.trigger(id, 600);
      expect(await jobsets.get(id)).toMatchObject({ triggeredAt: 500, forceEvaluation: true });

      await jobsets.markStarted(id, 700);
      expect(await jobsets.get(id)).toMatchObject({ triggeredAt: 500, startedAt: 700 });
      await jobsets.checked(id, { at: 800, completed: true });
      expect(await jobsets.get(id)).toMatchObject({
        triggeredAt: null,
        forceEvaluation: false,
        startedAt: null,
        lastCheckedAt: 800,
      });
    });

    it('that come while an evaluation is under way are for the next', async () => {
      await using database = await fresh.open();
      const { jobsets } = database;
      const { id } = await sampleJobset(database);
      await jobsets.trigger(id, 500, { force: true });
      await jobsets.markStarted(id, 700);

      await jobsets.trigger(id, 700);
      await jobsets.trigger(id, 900);
      expect(await jobsets.get(id)).toMatchObject({ triggeredAt: 701, forceEvaluation: false });
      await jobsets.trigger(id, 950, { force: true });
      await jobsets.checked(id, { at: 1000, completed: true });

      expect(await jobsets.get(id)).toMatchObject({
        triggeredAt: 701,
        forceEvaluation: true,
        startedAt: null,
      });
    });
  });

  it('keep or clear the errors of evaluations as told', async () => {
    await using database = await fresh.open();
    const { jobsets } = database;
    const { id } = await sampleJobset(database);

    await jobsets.checked(id, { at: 800, errorMessage: 'undefined variable', completed: true });
    expect(await jobsets.get(id)).toMatchObject({ errorMessage: 'undefined variable', errorAt: 800 });
    await jobsets.checked(id, { at: 900, fetchErrorMessage: 'no route', completed: false });
    expect(await jobsets.get(id)).toMatchObject({
      errorMessage: 'undefined variable',
      errorAt: 800,
      fetchErrorMessage: 'no route',
      lastCheckedAt: 900,
    });
    await jobsets.checked(id, { at: 990, errorMessage: null, fetchErrorMessage: null, completed: true });
    expect(await jobsets.get(id)).toMatchObject({
      errorMessage: null,
      errorAt: null,
      fetchErrorMessage: null,
    });
  });

  it('that are one-shot turn themselves off when an evaluation was completed, others do not', async () => {
    await using database = await fresh.open();
    const { jobsets } = database;
    const oneShot = await sampleJobset(database, { state: 2 });
    const always = await sampleJobset(database, { name: 'always', state: 3 });

    await jobsets.checked(oneShot.id, { at: 800, completed: false });
    expect((await jobsets.get(oneShot.id))?.state).toBe(2);
    await jobsets.checked(oneShot.id, { at: 900, completed: true });
    await jobsets.checked(always.id, { at: 900, completed: true });

    expect((await jobsets.get(oneShot.id))?.state).toBe(0);
    expect((await jobsets.get(always.id))?.state).toBe(3);
  });

  it('take all their builds along, however many, and let others have a turn meanwhile', async () => {
    await using database = await fresh.open();
    const main = await sampleJobset(database);
    const other = await sampleJobset(database, { name: 'other' });
    await evaluate(
      database,
      main.id,
      Array.from({ length: 4100 }, (_, index) => job(`job-${index}`)),
    );
    const kept = await evaluate(database, other.id, [job('a')]);
    let turns = 0;
    const count = setInterval(() => {
      turns += 1;
    }, 0);

    await database.jobsets.delete(main.id);

    clearInterval(count);
    expect(turns).toBeGreaterThan(0);
    expect(await database.builds.countUnfinished()).toBe(1);
    expect(await database.builds.byDrvPath('/nix/store/a-1.drv', 9)).toMatchObject([{ id: kept.build('a') }]);
    expect(await database.builds.searchJobs('job', 9)).toEqual([]);
  });

  it('say how their current builds stand', async () => {
    await using database = await fresh.open();
    const empty = await sampleJobset(database, { name: 'empty' });
    const { id, projectId } = await sampleJobset(database);
    const first = await evaluate(database, id, [job('a'), job('b'), job('gone')]);
    const second = await evaluate(database, id, [job('a'), job('b', 2), job('c')]);
    await database.builds.finish(first.build('a'), end());
    await database.builds.finish(second.build('b'), end({ status: 2 }));
    await database.builds.finish(first.build('gone'), end({ status: 1 }));
    const { id: otherProject } = await database.projects.create(project({ name: 'other' }));
    const other = await database.jobsets.create(otherProject, jobset());

    const none = { total: 0, scheduled: 0, succeeded: 0, failed: 0 };
    const counts = { total: 3, scheduled: 1, succeeded: 1, failed: 1 };
    expect(await database.jobsets.counts(projectId)).toEqual(
      new Map([
        [empty.id, none],
        [id, counts],
      ]),
    );
    expect((await database.jobsets.counts()).get(other.id)).toEqual(none);
  });
});
