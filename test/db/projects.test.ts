import { describe, expect, it } from 'vitest';
import { dialects, freshDatabases } from './fresh-databases.ts';
import { evaluate, job, jobset, project, sampleJobset } from './samples.ts';

describe.each(dialects)('projects on %s', (dialect) => {
  const fresh = freshDatabases(dialect);

  it('are made, found, listed by name, changed and deleted', async () => {
    await using database = await fresh.open();
    const { projects } = database;
    const b = await projects.create(project({ name: 'b' }));
    const declarative = { file: 'spec.json', type: 'git', value: 'https://example.org' };
    const a = await projects.create(project({ name: 'a', declarative, hidden: true }));

    expect(await projects.list()).toEqual([a, b]);
    expect(await projects.find('a')).toEqual({
      id: a.id,
      name: 'a',
      displayName: 'The fleet',
      description: '',
      homepage: '',
      owner: 'alice',
      enabled: true,
      hidden: true,
      enableDynamicRunCommand: false,
      declarative,
    });
    expect(await projects.find('A')).toBeUndefined();

    await projects.update(a.id, project({ name: 'c', enabled: false, homepage: 'https://c.example' }));
    expect(await projects.find('c')).toMatchObject({
      id: a.id,
      enabled: false,
      hidden: false,
      homepage: 'https://c.example',
      declarative: null,
    });

    await projects.delete(a.id);
    expect((await projects.list()).map(({ name }) => name)).toEqual(['b']);
  });

  it('have names of any characters, and each name once', async () => {
    await using database = await fresh.open();
    const { projects } = database;
    const name = `it's 100% "ünï_côdé" \\ 日本 🚀; drop table projects`;
    const made = await projects.create(project({ name }));

    expect(await projects.find(name)).toEqual(made);
    await expect(projects.create(project({ name }))).rejects.toMatchObject({
      code: 'db.conflict',
      message: `there is a project named '${name}' already`,
    });
    const other = await projects.create(project({ name: 'other' }));
    await expect(projects.update(other.id, project({ name }))).rejects.toMatchObject({ code: 'db.conflict' });
    expect(await projects.find('other')).toEqual(other);
  });

  it('hold a NUL, which PostgreSQL cannot, as U+FFFD', async () => {
    await using database = await fresh.open();
    await database.projects.create(project({ description: 'a\0b' }));

    expect((await database.projects.find('fleet'))?.description).toBe('a\ufffdb');
  });

  it('say when the one to be changed is gone', async () => {
    await using database = await fresh.open();

    await expect(database.projects.update(77, project())).rejects.toMatchObject({
      code: 'db.missing',
      message: 'there is no project 77 any more',
    });
  });

  it('have members', async () => {
    await using database = await fresh.open();
    const { id } = await database.projects.create(project());
    expect(await database.projects.members(id)).toEqual([]);

    await database.projects.setMembers(id, ['carol', 'bob', 'bob']);
    expect(await database.projects.members(id)).toEqual(['bob', 'carol']);

    await database.projects.setMembers(id, []);
    expect(await database.projects.members(id)).toEqual([]);
  });

  it('take all that is theirs along when they are deleted, and nothing else', async () => {
    await using database = await fresh.open();
    const mine = await sampleJobset(database);
    const evaluation = await evaluate(database, mine.id, [job('a')]);
    const other = await database.projects.create(project({ name: 'other' }));
    const others = await database.jobsets.create(other.id, jobset());
    const kept = await evaluate(database, others.id, [job('a')]);

    await database.projects.delete(mine.projectId);

    expect(await database.jobsets.list()).toMatchObject([{ id: others.id }]);
    expect(await database.evaluations.get(evaluation.id)).toBeUndefined();
    expect(await database.builds.get(evaluation.build('a'))).toBeUndefined();
    expect(await database.builds.get(kept.build('a'))).toMatchObject({ job: 'a', project: 'other' });
    expect(await database.builds.countUnfinished()).toBe(1);
  });

  it('do all of a transaction, or nothing', async () => {
    await using database = await fresh.open();

    const failing = database.transaction(async (tx) => {
      await tx.projects.create(project({ name: 'a' }));
      await tx.projects.create(project({ name: 'b' }));
      expect(await tx.projects.find('a')).toBeDefined();
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    expect(await database.projects.list()).toEqual([]);

    const made = await database.transaction((tx) => tx.projects.create(project({ name: 'a' })));
    expect(await database.projects.list()).toEqual([made]);
  });
});
