import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { dialects, freshDatabases } from './fresh-databases.ts';
import { begin, end, evaluate, job, project, sampleJobset } from './samples.ts';

describe.each(dialects)('what is retained on %s', (dialect) => {
  const fresh = freshDatabases(dialect);

  /** Sorted lines of `reason path`, for one kind of reason or for all. */
  async function retained({ builds }: Database, type?: string, now = 1): Promise<readonly string[]> {
    const lines: string[] = [];
    for await (const { path, reason } of builds.retained(now)) {
      if (type !== undefined && reason.type !== type) continue;
      const detail = reason.type === 'kept-evaluation' ? ` ${reason.evaluationId}` : '';
      lines.push(`${reason.type}${detail} ${path.replace('/nix/store/', '')}`);
    }
    return lines.sort();
  }

  it('is nothing of an empty database', async () => {
    await using database = await fresh.open();

    expect(await retained(database)).toEqual([]);
  });

  it('is the derivation and what is known of the outputs of unfinished builds', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const evaluation = await begin(database, jobsetId);
    await database.evaluations.addJobs(
      evaluation,
      [job('a', 1, { outputs: { out: null, dev: '/nix/store/dev' } })],
      1,
    );

    expect(await retained(database)).toEqual([
      `kept-evaluation ${evaluation} a-1.drv`,
      `kept-evaluation ${evaluation} dev`,
      'unfinished a-1.drv',
      'unfinished dev',
    ]);
  });

  it('is of kept evaluations the outputs of good builds, and the derivations of others', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database, { keepEvaluations: 1 });
    const { id, build } = await evaluate(database, jobsetId, [job('good'), job('bad'), job('both')]);
    await database.builds.finish(build('good'), end());
    await database.builds.finish(build('bad'), end({ status: 1 }));
    await database.builds.finish(build('both'), end({ status: 6 }));

    expect(await retained(database, 'kept-evaluation')).toEqual([
      `kept-evaluation ${id} bad-1.drv`,
      `kept-evaluation ${id} both-1`,
      `kept-evaluation ${id} both-1.drv`,
      `kept-evaluation ${id} good-1`,
    ]);
    expect(await retained(database, 'unfinished')).toEqual([]);
  });

  it('is as many finished evaluations of each jobset as it keeps, and all unfinished ones', async () => {
    await using database = await fresh.open();
    const main = await sampleJobset(database, { keepEvaluations: 2 });
    const none = await sampleJobset(database, { name: 'none', keepEvaluations: 0 });
    const finished = async (jobsetId: number, version: number) => {
      const { id, build } = await evaluate(database, jobsetId, [job('a', version)]);
      await database.builds.finish(build('a'), end());
      return id;
    };
    const unfinished = await evaluate(database, main.id, [job('a', 1)]);
    await finished(main.id, 2);
    const third = await finished(main.id, 3);
    const cancelled = await evaluate(database, main.id, [job('a', 4)], 'cancelled');
    await database.builds.finish(cancelled.build('a'), end());
    const fifth = await finished(main.id, 5);
    await finished(none.id, 9);

    expect(await retained(database, 'kept-evaluation')).toEqual(
      [
        `kept-evaluation ${unfinished.id} a-1`,
        `kept-evaluation ${unfinished.id} a-1.drv`,
        `kept-evaluation ${third} a-3`,
        `kept-evaluation ${fifth} a-5`,
      ].sort(),
    );
  });

  it('is the newest good build of each current job', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database, { keepEvaluations: 0 });
    const first = await evaluate(database, jobsetId, [job('a', 1), job('gone', 1), job('b', 1)]);
    await database.builds.finish(first.build('a'), end({ status: 6 }));
    await database.builds.finish(first.build('gone'), end());
    await database.builds.finish(first.build('b'), end());
    const second = await evaluate(database, jobsetId, [job('a', 2), job('b', 2), job('never', 1)]);
    await database.builds.finish(second.build('a'), end({ status: 1 }));
    await database.builds.finish(second.build('b'), end());
    await database.builds.finish(second.build('never'), end({ status: 1 }));

    expect(await retained(database)).toEqual(['latest-good a-1', 'latest-good a-1.drv', 'latest-good b-2']);
  });

  it.each([
    ['a jobset that is disabled and hidden', { state: 0, hidden: true }, {}],
    ['a disabled jobset of a hidden project', { state: 0 }, { hidden: true }],
  ] as const)(
    'is of %s only what is pinned and unfinished, a week after it was checked',
    async (_, settings, owner) => {
      await using database = await fresh.open();
      const { id: jobsetId, projectId } = await sampleJobset(database, settings);
      await database.projects.update(projectId, project(owner));
      const { build } = await evaluate(database, jobsetId, [job('a'), job('pin'), job('open')]);
      await database.builds.finish(build('a'), end());
      await database.builds.finish(build('pin'), end());
      await database.builds.setKeep(build('pin'), true);
      await database.jobsets.checked(jobsetId, { at: 1000, completed: true });
      const week = 7 * 86_400_000;

      expect(await retained(database, 'kept-evaluation', 1000 + week)).toHaveLength(4);
      expect(await retained(database, 'latest-good', 1000 + week)).toEqual([
        'latest-good a-1',
        'latest-good pin-1',
      ]);
      expect(await retained(database, undefined, 1001 + week)).toEqual([
        'pinned pin-1',
        'unfinished open-1',
        'unfinished open-1.drv',
      ]);

      await database.jobsets.checked(jobsetId, { at: 5000, completed: true });
      expect(await retained(database, 'kept-evaluation', 1001 + week)).toHaveLength(4);
    },
  );

  it.each([{ state: 0 }, { hidden: true }] as const)(
    'is as ever of a jobset that is only %j',
    async (settings) => {
      await using database = await fresh.open();
      const { id: jobsetId } = await sampleJobset(database, settings);
      const { build } = await evaluate(database, jobsetId, [job('a')]);
      await database.builds.finish(build('a'), end());

      expect(await retained(database, 'latest-good', 10 ** 13)).toEqual(['latest-good a-1']);
    },
  );

  it('is what somebody pinned, and every reason is told', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database, { keepEvaluations: 1 });
    const first = await evaluate(database, jobsetId, [job('a', 1)]);
    await database.builds.finish(first.build('a'), end());
    await database.builds.setKeep(first.build('a'), true);
    const lines = [`kept-evaluation ${first.id} a-1`, 'latest-good a-1', 'pinned a-1'];
    expect(await retained(database)).toEqual(lines);

    const second = await evaluate(database, jobsetId, [job('b', 1)]);
    await database.builds.cancel([second.build('b')], 1);
    expect(await retained(database)).toEqual([`kept-evaluation ${second.id} b-1.drv`, 'pinned a-1']);
  });

  it('may be read while other things are asked of the database', async () => {
    await using database = await fresh.open();
    const { id: jobsetId } = await sampleJobset(database);
    const { added } = await evaluate(
      database,
      jobsetId,
      Array.from({ length: 2500 }, (_, index) => job(`job-${index}`)),
    );

    const asked: unknown[] = [];
    for await (const { buildId } of database.builds.retained(1))
      asked.push(asked.length % 1000 === 0 ? await database.builds.get(buildId ?? 0) : buildId);

    // A derivation and an output each, as unfinished and as of an unfinished evaluation.
    expect(asked).toHaveLength(added.length * 4);
    expect(asked).not.toContain(undefined);
  });
});
