import { describe, expect, it } from 'vitest';
import type { CacheExtraRecord } from '../../src/db/cache-records.ts';
import type { Database } from '../../src/db/database.ts';
import { dialects, freshDatabases } from './fresh-databases.ts';
import { cachePath, collect, storedNar } from './samples.ts';

const main = 1;
const drv = '/nix/store/00000000000000000000000000000000-a.drv';

function log(change: Partial<CacheExtraRecord> = {}): Omit<CacheExtraRecord, 'id'> {
  return {
    ...{ cacheId: main, kind: 'log', name: 'a.drv', owner: drv, content: null, file: 'log/aa/1' },
    ...{ hash: 'h1', size: 100, fileSize: 10, addedAt: 1000 },
    ...change,
  };
}
function realisation(change: Partial<CacheExtraRecord> = {}): Omit<CacheExtraRecord, 'id'> {
  const owner = cachePath('a').hashPart;
  return log({ kind: 'realisation', name: 'sha256:0!out', owner, content: '{}', file: null, ...change });
}
async function addPath(database: Database, name: string, cacheId = main): Promise<void> {
  await database.storedNars.add(storedNar(name));
  await database.cachePaths.add(cacheId, [cachePath(name, [], { deriver: drv })]);
}
const digits = (name: string): string => name.padEnd(32, '0');

describe.each(dialects)('what caches keep beside paths on %s', (dialect) => {
  const fresh = freshDatabases(dialect);

  it('is found by its name, and the same once more is nothing new', async () => {
    await using database = await fresh.open();
    const { cacheExtras } = database;
    expect(await cacheExtras.add(log())).toEqual({ isNew: true, replaced: null });
    expect(await cacheExtras.add(log({ file: 'log/bb/2', addedAt: 5 }))).toEqual({
      ...{ isNew: false, replaced: null },
    });

    expect(await cacheExtras.find(main, 'log', 'a.drv')).toMatchObject(log());
    expect(await cacheExtras.find(main, 'realisation', 'a.drv')).toBeUndefined();
    expect(await cacheExtras.find(2, 'log', 'a.drv')).toBeUndefined();
    expect(await cacheExtras.hasFile('log/aa/1')).toBe(true);
    expect(await cacheExtras.hasFile('log/bb/2')).toBe(false);
    expect(await collect(cacheExtras.files())).toHaveLength(1);
  });

  it('is never another, but for a realisation whose path is gone', async () => {
    await using database = await fresh.open();
    const { cacheExtras } = database;
    await addPath(database, 'a');
    await cacheExtras.add(log());
    await cacheExtras.add(realisation());
    await expect(cacheExtras.add(log({ hash: 'h2' }))).rejects.toMatchObject({ code: 'cache.conflict' });
    await expect(cacheExtras.add(realisation({ hash: 'h2' }))).rejects.toMatchObject({
      code: 'cache.conflict',
    });
    await database.cachePaths.remove(main, [digits('a')]);

    await expect(cacheExtras.add(log({ hash: 'h2' }))).rejects.toMatchObject({ code: 'cache.conflict' });
    expect(await cacheExtras.add(realisation({ hash: 'h2' }))).toMatchObject({ isNew: true });
    expect(await cacheExtras.find(main, 'realisation', 'sha256:0!out')).toMatchObject({ hash: 'h2' });
  });

  it('counts for the quota, also when several come at once', async () => {
    await using database = await fresh.open();
    const { caches, cacheExtras, cacheUploads } = database;
    const settings = { priority: 40, isPrivate: true, quota: 25, keys: [], createdAt: 1 };
    const { id: cacheId } = await caches.create({ name: 'team', ...settings });
    const all = await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map((name) => cacheExtras.add(log({ cacheId, name, file: name }))),
    );

    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(all.filter((one) => one.status === 'rejected').map(({ reason }) => reason)).toEqual([
      expect.objectContaining({ code: 'cache.quota' }),
      expect.objectContaining({ code: 'cache.quota' }),
    ]);
    expect(await cacheUploads.bytes(cacheId)).toBe(20);
  });

  it('goes when no path has it any more, and not before its time', async () => {
    await using database = await fresh.open();
    const { cacheExtras, cachePaths } = database;
    await addPath(database, 'a');
    await cacheExtras.add(log());
    await cacheExtras.add(log({ name: 'other', owner: '/nix/store/other.drv', file: 'log/cc/3' }));
    await cacheExtras.add(log({ name: 'self', owner: cachePath('a').path, file: 'log/dd/4' }));
    await cacheExtras.add(realisation());

    const would = async (before: number, ...gone: readonly string[]) =>
      (
        await collect(cacheExtras.unowned(before, (cacheId, part) => cacheId === main && gone.includes(part)))
      ).map(({ name }) => name);
    expect(await would(1000, digits('a'))).toEqual([]);
    expect(await would(1001)).toEqual(['other']);
    expect(await would(1001, digits('b'))).toEqual(['other']);
    expect(await would(1001, digits('a'))).toEqual(['a.drv', 'other', 'self', 'sha256:0!out']);
    expect(await cacheExtras.removeUnowned(1000)).toEqual([]);
    expect((await cacheExtras.removeUnowned(1001)).map(({ file }) => file)).toEqual(['log/cc/3']);
    await cachePaths.remove(main, [digits('a')]);
    expect((await cacheExtras.removeUnowned(1001)).map(({ name }) => name).toSorted()).toEqual([
      ...['a.drv', 'self', 'sha256:0!out'],
    ]);
    expect(await cacheExtras.removeUnowned(1001)).toEqual([]);
  });

  it('goes with its cache, its files last', async () => {
    await using database = await fresh.open();
    const settings = { priority: 40, isPrivate: true, quota: null, keys: [], createdAt: 1 };
    const { id: cacheId } = await database.caches.create({ name: 'team', ...settings });
    await database.cacheExtras.add(log({ cacheId, addedAt: 5000 }));
    await database.caches.delete(cacheId);

    expect(await database.cacheExtras.find(cacheId, 'log', 'a.drv')).toBeUndefined();
    expect(await database.cacheExtras.hasFile('log/aa/1')).toBe(true);
    expect(await collect(database.cacheExtras.unowned(0, () => false))).toMatchObject([{ cacheId: 0 }]);
    expect(await database.cacheExtras.removeUnowned(0)).toMatchObject([{ file: 'log/aa/1', cacheId: 0 }]);
  });

  it('is debug information of what a cache has, until no file has the content', async () => {
    await using database = await fresh.open();
    const { cacheExtras } = database;
    await addPath(database, 'a');
    expect(await cacheExtras.knowsBuildIds('nar-a')).toBe(false);
    await cacheExtras.setBuildIds('nar-c', []);
    expect(await cacheExtras.knowsBuildIds('nar-c')).toBe(true);
    await cacheExtras.setBuildIds('nar-a', ['x', 'y', 'x']);
    expect(await cacheExtras.knowsBuildIds('nar-a')).toBe(true);
    await cacheExtras.setBuildIds('nar-a', ['y']);
    await cacheExtras.setBuildIds('nar-b', ['x']);

    expect(await cacheExtras.withBuildId(main, 'x')).toEqual([digits('a')]);
    expect(await cacheExtras.withBuildId(2, 'x')).toEqual([]);
    await cacheExtras.forgetBuildIds();
    expect(await cacheExtras.withBuildId(main, 'y')).toEqual([digits('a')]);
    expect(await cacheExtras.knowsBuildIds('nar-a')).toBe(true);
    expect(await cacheExtras.knowsBuildIds('nar-c')).toBe(false);
    await addPath(database, 'b');
    expect(await cacheExtras.withBuildId(main, 'x')).toEqual([digits('a')]);
  });

  it('is taken away one by one', async () => {
    await using database = await fresh.open();
    const { cacheExtras } = database;
    await cacheExtras.add(log());
    const { id = 0 } = (await cacheExtras.find(main, 'log', 'a.drv')) ?? {};
    expect(await cacheExtras.remove(id)).toBe(true);
    expect(await cacheExtras.remove(id)).toBe(false);
  });
});
