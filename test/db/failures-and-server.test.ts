import { describe, expect, it } from 'vitest';
import { dialects, freshDatabases } from './fresh-databases.ts';

describe.each(dialects)('what outlives the server on %s', (dialect) => {
  const fresh = freshDatabases(dialect);

  it('is what failed, until that expires or is forgotten', async () => {
    await using database = await fresh.open();
    const { failures } = database;
    await failures.add(['b', 'a', 'a'], 'no space', 900);
    await failures.add(['c'], 'exit 1', 100);

    expect(await failures.find(['c', 'b', 'x', 'a'], 99)).toEqual([
      { key: 'a', message: 'no space' },
      { key: 'b', message: 'no space' },
      { key: 'c', message: 'exit 1' },
    ]);
    expect(await failures.find(['a', 'c'], 100)).toEqual([{ key: 'a', message: 'no space' }]);
    expect(await failures.find([], 1)).toEqual([]);

    await failures.add(['c'], 'again', 200);
    expect(await failures.find(['c'], 150)).toEqual([{ key: 'c', message: 'again' }]);
    await failures.forget(['a', 'nothing']);
    await failures.forget([]);
    expect(await failures.find(['a', 'b'], 1)).toEqual([{ key: 'b', message: 'no space' }]);
    expect(await failures.clear()).toBe(2);
    expect(await failures.clear()).toBe(0);
  });

  it('is which builders are drained', async () => {
    await using database = await fresh.open();
    const { server } = database;
    await server.setDrained('ssh://b', true, 'alice', 1);
    await server.setDrained('ssh://b', true, 'bob', 2);
    await server.setDrained('local', true, 'alice', 3);
    expect(await server.drainedBuilders()).toEqual(new Set(['ssh://b', 'local']));

    await server.setDrained('ssh://b', false, 'alice', 4);
    await server.setDrained('never', false, 'alice', 4);
    expect(await server.drainedBuilders()).toEqual(new Set(['local']));
  });

  it('is when content was first seen', async () => {
    await using database = await fresh.open();
    const { server } = database;

    expect(await server.firstSeen('/src', 'abc', 100)).toBe(100);
    expect(await server.firstSeen('/src', 'def', 200)).toBe(200);
    expect(await server.firstSeen('/src', 'abc', 300)).toBe(100);
    expect(await server.firstSeen('/other', 'abc', 300)).toBe(300);
  });
});
