import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { dialects, freshDatabases } from './fresh-databases.ts';
import { cachePath, storedNar } from './samples.ts';

/** The cache that every database has from the start. */
const main = 1;

function token(change: Partial<Parameters<Database['cacheTokens']['create']>[0]> = {}) {
  return { cacheId: main, hash: 'hash', name: 'ci', mayPush: true, createdAt: 5, expiresAt: null, ...change };
}

async function anotherCache(database: Database): Promise<number> {
  const settings = { priority: 40, isPrivate: true, quota: null, keys: [], createdAt: 1 };
  return (await database.caches.create({ name: 'team', ...settings })).id;
}

describe.each(dialects)('tokens of caches on %s', (dialect) => {
  const fresh = freshDatabases(dialect);

  it('are made, listed by cache and taken back', async () => {
    await using database = await fresh.open();
    const { cacheTokens } = database;
    const team = await anotherCache(database);
    const made = await cacheTokens.create(token());
    const other = await cacheTokens.create(token({ cacheId: team, hash: 'x', mayPush: false, expiresAt: 9 }));

    expect(made).toEqual({
      id: made.id,
      cacheId: main,
      name: 'ci',
      mayPush: true,
      createdAt: 5,
      lastUsedAt: null,
      expiresAt: null,
    });
    expect(await cacheTokens.list(main)).toEqual([made]);
    expect(await cacheTokens.list(team)).toEqual([other]);
    expect(other).toMatchObject({ mayPush: false, expiresAt: 9 });
    expect(await cacheTokens.delete(main, other.id)).toBe(false);
    expect(await cacheTokens.delete(team, other.id)).toBe(true);
    expect(await cacheTokens.list(team)).toEqual([]);
    expect(await cacheTokens.use('x', 5)).toBeUndefined();
  });

  it('are found by the hash of their secret until they expire, and marked used once a minute', async () => {
    await using database = await fresh.open();
    const { cacheTokens } = database;
    await cacheTokens.create(token({ expiresAt: 200_000 }));

    expect(await cacheTokens.use('hash', 1000)).toMatchObject({ name: 'ci', lastUsedAt: 1000 });
    expect(await cacheTokens.use('hash', 60_999)).toMatchObject({ lastUsedAt: 1000 });
    expect(await cacheTokens.use('hash', 61_000)).toMatchObject({ lastUsedAt: 61_000 });
    expect((await cacheTokens.list(main))[0]?.lastUsedAt).toBe(61_000);
    expect(await cacheTokens.use('hash', 200_000)).toBeUndefined();
    expect(await cacheTokens.use('HASH', 1000)).toBeUndefined();
  });

  it('go with their cache', async () => {
    await using database = await fresh.open();
    const team = await anotherCache(database);
    await database.cacheTokens.create(token({ cacheId: team }));
    await database.cacheUploads.begin({ cacheId: team, fileHash: 'f', startedAt: 1, madeFile: true });
    await database.caches.delete(team);

    expect(await database.cacheTokens.use('hash', 6)).toBeUndefined();
    expect(await database.cacheUploads.before(9)).toEqual([]);
  });
});

describe.each(dialects)('uploads to caches on %s', (dialect) => {
  const fresh = freshDatabases(dialect);

  it('count once they were received, for their own cache only', async () => {
    await using database = await fresh.open();
    const { cacheUploads } = database;
    const team = await anotherCache(database);
    await database.storedNars.add(storedNar('a'));
    await cacheUploads.begin({ cacheId: main, fileHash: 'file-a', startedAt: 10, madeFile: true });

    expect(await cacheUploads.has(main, 'file-a')).toBe(false);
    expect(await cacheUploads.isPending('file-a')).toBe(true);
    expect(await cacheUploads.isPending('file-b')).toBe(false);
    expect(await cacheUploads.bytes(main)).toBe(0);
    await cacheUploads.received(main, 'file-a', 20);
    expect(await cacheUploads.has(main, 'file-a')).toBe(true);
    expect(await cacheUploads.has(team, 'file-a')).toBe(false);
    expect(await cacheUploads.bytes(main)).toBe(100);
    expect(await cacheUploads.bytes(team)).toBe(0);
  });

  it('are there, too, where a path has the file, and weigh nothing twice', async () => {
    await using database = await fresh.open();
    const { cacheUploads } = database;
    await database.storedNars.add(storedNar('a'));
    await database.storedNars.add(storedNar('b'));
    await database.cachePaths.add(main, [cachePath('a')]);
    await cacheUploads.begin({ cacheId: main, fileHash: 'file-a', startedAt: 10, madeFile: false });
    await cacheUploads.received(main, 'file-a', 10);

    expect(await cacheUploads.has(main, 'file-a')).toBe(true);
    expect(await cacheUploads.has(main, 'file-b')).toBe(false);
    expect(await cacheUploads.bytes(main)).toBe(100);
  });

  it('stay received when they are begun again', async () => {
    await using database = await fresh.open();
    const { cacheUploads } = database;
    await cacheUploads.begin({ cacheId: main, fileHash: 'file-a', startedAt: 10, madeFile: true });
    await cacheUploads.received(main, 'file-a', 20);
    await cacheUploads.begin({ cacheId: main, fileHash: 'file-a', startedAt: 30, madeFile: false });

    expect(await cacheUploads.before(31)).toEqual([
      { cacheId: main, fileHash: 'file-a', startedAt: 30, isReceived: true, madeFile: true },
    ]);
    expect(await cacheUploads.before(30)).toEqual([]);
  });

  it('take a file with them only when it was made for uploads and no other one is for it', async () => {
    await using database = await fresh.open();
    const { cacheUploads } = database;
    const team = await anotherCache(database);
    await cacheUploads.begin({ cacheId: main, fileHash: 'known', startedAt: 1, madeFile: false });
    await cacheUploads.begin({ cacheId: main, fileHash: 'new', startedAt: 1, madeFile: true });
    // It is there already by now, but nobody else would take it away.
    await cacheUploads.begin({ cacheId: team, fileHash: 'new', startedAt: 2, madeFile: false });

    expect(await cacheUploads.remove(main, 'known')).toBe(false);
    expect(await cacheUploads.remove(main, 'new')).toBe(false);
    expect(await cacheUploads.remove(team, 'new')).toBe(true);
    expect(await cacheUploads.remove(team, 'new')).toBe(false);
  });
});
