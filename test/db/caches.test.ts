import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { dialects, freshDatabases } from './fresh-databases.ts';
import { cachePath, collect, storedNar } from './samples.ts';

/** The cache that every database has from the start. */
const main = 1;
const digits = (name: string): string => name.padEnd(32, '0');

async function addNars(database: Database, ...names: readonly string[]): Promise<void> {
  for (const name of names) await database.storedNars.add(storedNar(name));
}

/** `c` refers to `b`, which refers to `a` and itself. */
async function addChain(database: Database): Promise<void> {
  await addNars(database, 'a', 'b', 'c');
  await database.cachePaths.add(main, [cachePath('c', ['b']), cachePath('b', ['a', 'b']), cachePath('a')]);
}

async function names(database: Database, cacheId = main): Promise<readonly string[]> {
  return (await collect(database.cachePaths.all(cacheId))).map(({ path }) => path.slice(44));
}

describe.each(dialects)('files with NARs on %s', (dialect) => {
  const fresh = freshDatabases(dialect);

  it('are found by both hashes, the smallest of a content first', async () => {
    await using database = await fresh.open();
    const { storedNars } = database;
    const large = storedNar('a');
    const small = storedNar('a', { fileHash: 'file-small', fileSize: 90, compression: 'xz' });
    await storedNars.add(large);
    await storedNars.add(small);
    await storedNars.add({ ...large, fileSize: 1, createdAt: 9 });

    expect(await storedNars.byFileHash('file-a')).toEqual(large);
    expect(await storedNars.byNarHash('nar-a')).toEqual(small);
    expect(await storedNars.byFileHash('file-b')).toBeUndefined();
    expect(await storedNars.byNarHash('nar-b')).toBeUndefined();
    expect(await collect(storedNars.all())).toEqual([large, small]);
    expect(await storedNars.totals()).toEqual({ files: 2, fileBytes: 190, narBytes: 800 });
  });

  it('tell in order which of them came and went', async () => {
    await using database = await fresh.open();
    const { storedNars } = database;
    expect(await storedNars.lastChange()).toBe(0);
    await addNars(database, 'a', 'b', 'a');
    await storedNars.setVerified('file-a', 5);
    await storedNars.replace('file-b', storedNar('c'));
    await storedNars.remove('file-a');
    await storedNars.remove('file-a');

    const changes = await storedNars.changesAfter(0);
    expect(changes).toEqual({ last: 5, fileHashes: ['file-a', 'file-b', 'file-c'] });
    expect(await storedNars.changesAfter(4)).toEqual({ last: 5, fileHashes: ['file-a'] });
    expect(await storedNars.changesAfter(5)).toEqual({ last: 5, fileHashes: [] });
    // Of another database, or one that was put back to what it was.
    expect(await storedNars.changesAfter(6)).toBeUndefined();
  });

  it('are told of when they were committed, in the order of that', async () => {
    await using database = await fresh.open();
    const { storedNars } = database;
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        database.transaction(async (tx) => {
          await tx.storedNars.add(storedNar(`n${n}`));
        }),
      ),
    );
    await expect(
      database.transaction(async (tx) => {
        await tx.storedNars.add(storedNar('never'));
        throw new Error('given up');
      }),
    ).rejects.toThrow('given up');

    const { last, fileHashes } = (await storedNars.changesAfter(0)) ?? { last: 0, fileHashes: [] };
    expect([last, fileHashes.length]).toEqual([20, 20]);
  });

  it('are made by one at a time, until that is over', async () => {
    await using database = await fresh.open();
    const { storedNars } = database;
    const claims = await Promise.all(
      ['a', 'b', 'c'].map((owner) => storedNars.claim('nar', owner, { now: 0, until: 10 })),
    );
    const owner = ['a', 'b', 'c'][claims.indexOf(true)] ?? '';
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await storedNars.claim('nar', owner, { now: 5, until: 15 })).toBe(true);
    expect(await storedNars.claim('nar', 'd', { now: 14, until: 20 })).toBe(false);
    await storedNars.release('nar', 'd');
    expect(await storedNars.claim('nar', 'd', { now: 15, until: 20 })).toBe(true);
    await storedNars.release('nar', 'd');
    expect(await storedNars.claim('nar', 'e', { now: 1, until: 2 })).toBe(true);
  });

  it('remember what they mention until they go', async () => {
    await using database = await fresh.open();
    const { storedNars } = database;
    await storedNars.add(storedNar('a'));
    expect(await storedNars.mentions('file-a')).toBeUndefined();
    await storedNars.add(storedNar('a'), ['x', 'y']);
    await storedNars.add(storedNar('b'), []);

    expect(await storedNars.mentions('file-a')).toEqual(['x', 'y']);
    expect(await storedNars.mentions('file-b')).toEqual([]);
    await storedNars.remove('file-a');
    expect(await storedNars.mentions('file-a')).toBeUndefined();
  });

  it('are nothing at all in a new database', async () => {
    await using database = await fresh.open();

    expect(await database.storedNars.totals()).toEqual({ files: 0, fileBytes: 0, narBytes: 0 });
    expect(await collect(database.storedNars.all())).toEqual([]);
  });

  it('are listed in full where there are more than are read at a time', async () => {
    await using database = await fresh.open();
    await database.transaction(async (tx) => {
      for (let n = 0; n < 2001; n++) await tx.storedNars.add(storedNar(`n${String(n).padStart(4, '0')}`));
    });

    const all = await collect(database.storedNars.all());
    expect(all).toHaveLength(2001);
    expect(all.at(-1)?.fileHash).toBe('file-n2000');
  });

  it('are to be verified in the order in which they were', async () => {
    await using database = await fresh.open();
    const { storedNars } = database;
    await addNars(database, 'a', 'b', 'c');
    await storedNars.setVerified('file-a', 3000);
    await storedNars.setVerified('file-c', 900);

    const checkedBefore = async (at: number, limit: number) =>
      (await storedNars.verifiedBefore(at, limit)).map(({ fileHash }) => fileHash);
    expect(await checkedBefore(3000, 9)).toEqual(['file-c', 'file-b']);
    expect(await checkedBefore(3001, 1)).toEqual(['file-c']);
    expect(await checkedBefore(900, 9)).toEqual([]);
  });

  it('stay while a path has them', async () => {
    await using database = await fresh.open();
    await addChain(database);

    expect(await database.storedNars.remove('file-c')).toBe(false);
    await database.cachePaths.remove(main, [digits('c')]);
    expect(await database.storedNars.remove('file-c')).toBe(true);
    expect(await database.storedNars.remove('file-c')).toBe(false);
  });

  it('give way to another of the same content, for every path', async () => {
    await using database = await fresh.open();
    await addChain(database);
    const better = storedNar('a', { fileHash: 'file-better', compression: 'none' });
    await database.storedNars.replace('file-a', better);

    expect(await database.storedNars.byFileHash('file-a')).toBeUndefined();
    expect((await database.cachePaths.get(main, digits('a')))?.fileHash).toBe('file-better');
    await database.storedNars.replace('file-better', { ...better, verifiedAt: 7 });
    expect(await database.storedNars.byFileHash('file-better')).toEqual(better);
  });

  it('take the paths that need them along when they are lost, and no others', async () => {
    await using database = await fresh.open();
    await addChain(database);
    await addNars(database, 'd');
    await database.cachePaths.add(main, [cachePath('d', ['a'])]);
    const other = await database.caches.create({ ...mainCache, name: 'other' });
    await database.cachePaths.add(other.id, [cachePath('b', ['b'])]);

    expect(await database.storedNars.withdraw('file-b')).toEqual([
      { cacheId: main, hashPart: digits('b'), path: cachePath('b').path },
      { cacheId: main, hashPart: digits('c'), path: cachePath('c').path },
      { cacheId: other.id, hashPart: digits('b'), path: cachePath('b').path },
    ]);
    expect(await names(database)).toEqual(['a', 'd']);
    expect(await names(database, other.id)).toEqual([]);
    expect(await database.storedNars.byFileHash('file-b')).toBeUndefined();
    expect(await database.storedNars.byFileHash('file-c')).toBeDefined();
    expect(await database.storedNars.withdraw('file-b')).toEqual([]);
  });
});

const mainCache = { priority: 30, isPrivate: false, quota: null, keys: [], createdAt: 0 } as const;

describe.each(dialects)('caches on %s', (dialect) => {
  const fresh = freshDatabases(dialect);

  it('are one from the start, and those that are made', async () => {
    await using database = await fresh.open();
    const { caches } = database;
    const settings = { priority: 40, isPrivate: true, quota: 10 ** 12, keys: ['a-1', 'b-1'] };
    const made = await caches.create({ name: 'team', createdAt: 5, ...settings });

    expect(made).toEqual({ id: made.id, name: 'team', createdAt: 5, ...settings });
    expect(await caches.list()).toEqual([{ id: main, name: 'main', ...mainCache }, made]);
    expect(await caches.find('team')).toEqual(made);
    expect(await caches.find('none')).toBeUndefined();
    await expect(caches.create(made)).rejects.toMatchObject({
      code: 'db.conflict',
      message: "there is a cache named 'team' already",
    });

    await caches.update(made.id, { ...settings, quota: null, isPrivate: false, keys: [] });
    expect(await caches.find('team')).toEqual({ ...made, quota: null, isPrivate: false, keys: [] });
    await expect(caches.update(77, settings)).rejects.toMatchObject({ code: 'db.missing' });
  });

  it('go with their paths and pins, and leave those of others and all files', async () => {
    await using database = await fresh.open();
    await addChain(database);
    const { id } = await database.caches.create({ ...mainCache, name: 'team' });
    await database.cachePaths.add(id, [cachePath('b', ['a']), cachePath('a')]);
    await database.caches.setPin({
      ...{ cacheId: id, name: 'x', path: cachePath('a').path, createdAt: 1, expiresAt: null },
    });
    await database.caches.delete(id);

    expect(await database.caches.find('team')).toBeUndefined();
    expect(await database.cachePaths.count(id)).toBe(0);
    expect(await database.caches.pins(id)).toEqual([]);
    expect(await names(database)).toEqual(['a', 'b', 'c']);
    expect((await database.storedNars.totals()).files).toBe(3);
    await expect(database.cachePaths.add(id, [cachePath('a')])).rejects.toMatchObject({ code: 'db.missing' });
  });

  it('pin paths by name', async () => {
    await using database = await fresh.open();
    const { caches } = database;
    await addChain(database);
    const { path } = cachePath('a');
    const pin = { cacheId: main, name: 'stable', path, createdAt: 1, expiresAt: 9 };
    await caches.setPin({ ...pin, name: 'unstable' });
    await caches.setPin(pin);
    await caches.setPin({ ...pin, path: cachePath('b').path, expiresAt: null });

    expect(await caches.pins(main)).toEqual([
      { ...pin, path: cachePath('b').path, expiresAt: null },
      { ...pin, name: 'unstable' },
    ]);
    expect(await caches.removePin(main, 'unstable')).toBe(true);
    expect(await caches.removePin(main, 'unstable')).toBe(false);
    expect(await caches.pins(main)).toHaveLength(1);
  });

  it('pin nothing that they do not have, and keep what is pinned while it is to be removed', async () => {
    await using database = await fresh.open();
    await addNars(database, 'a', 'b', 'c', 'd');
    const pin = (name: string) =>
      database.caches.setPin({
        ...{ cacheId: main, name, path: cachePath(name).path, createdAt: 1, expiresAt: null },
      });
    expect(await pin('a')).toBe(false);
    expect(await database.caches.pins(main)).toEqual([]);

    // Whichever comes first: a pin has its path.
    for (const name of ['a', 'b', 'c', 'd']) {
      await database.cachePaths.add(main, [cachePath(name)]);
      const remove = () => database.cachePaths.remove(main, [digits(name)], 9000);
      await Promise.all(name < 'c' ? [pin(name), remove()] : [remove(), pin(name)]);
    }
    expect((await database.caches.pins(main)).map(({ path }) => path)).toEqual(
      (await collect(database.cachePaths.all(main))).map(({ path }) => path),
    );
  });

  it('count a file once, however many paths have it', async () => {
    await using database = await fresh.open();
    await addChain(database);
    await database.cachePaths.add(main, [cachePath('d', [], { fileHash: 'file-a', narHash: 'nar-a' })]);

    expect(await database.caches.bytes(main)).toBe(300);
    expect(await database.caches.bytes(99)).toBe(0);
  });
});

describe.each(dialects)('paths of caches on %s', (dialect) => {
  const fresh = freshDatabases(dialect);

  it('are as they were added, whatever they refer to', async () => {
    await using database = await fresh.open();
    await addChain(database);
    await addNars(database, 'x');
    const rich = cachePath('x', ['b', 'a', 'x'], {
      deriver: '/nix/store/x.drv',
      ca: 'fixed:sha256:abc',
      signatures: ['k-1:aa', 'k-2:bb'],
    });
    await database.cachePaths.add(main, [rich]);
    const { cachePaths } = database;

    const sorted = { ...rich, references: ['a', 'b', 'x'].map((name) => cachePath(name).path) };
    expect(await cachePaths.get(main, digits('x'))).toEqual(sorted);
    expect(await cachePaths.get(main, digits('b'))).toEqual(cachePath('b', ['a', 'b']));
    expect(await cachePaths.get(main, digits('y'))).toBeUndefined();
    expect(await cachePaths.get(2, digits('x'))).toBeUndefined();
    expect(await cachePaths.getMany(main, [digits('x'), digits('y')])).toEqual(
      new Map([[digits('x'), sorted]]),
    );
    const page = await cachePaths.hashPartsAfter(main, 0);
    expect([page.hashParts.toSorted(), page.isLast]).toEqual([['a', 'b', 'c', 'x'].map(digits), true]);
    expect(await cachePaths.hashPartsAfter(main, page.lastId)).toEqual({ ...page, hashParts: [] });
    expect(await cachePaths.count(main)).toBe(4);
  });

  it('are not added without what they refer to, and then none of them is', async () => {
    await using database = await fresh.open();
    await addNars(database, 'a', 'b', 'c');
    const { cachePaths } = database;

    await expect(
      cachePaths.add(main, [cachePath('a'), cachePath('c', ['a', 'b', 'y'])]),
    ).rejects.toMatchObject({
      code: 'cache.references-missing',
      message: `${cachePath('c').path} refers to ${cachePath('b').path}, ${cachePath('y').path}, which the cache does not have`,
    });
    expect(await names(database)).toEqual([]);
    const otherName = cachePath('b', [], { references: [`/nix/store/${digits('a')}-another`] });
    await expect(cachePaths.add(main, [cachePath('a'), otherName])).rejects.toMatchObject({
      code: 'cache.references-missing',
    });
  });

  it('are found by their file, in every cache', async () => {
    await using database = await fresh.open();
    await addChain(database);
    const { id } = await database.caches.create({ ...mainCache, name: 'team', isPrivate: true });
    await database.cachePaths.add(id, [cachePath('a')]);

    const path = { hashPart: digits('a'), path: cachePath('a').path };
    expect(await database.cachePaths.withFile('file-a')).toEqual([
      { ...path, cacheId: main, isPrivate: false },
      { ...path, cacheId: id, isPrivate: true },
    ]);
    expect(await database.cachePaths.withFile('file-x')).toEqual([]);
  });

  it('are not added without their file', async () => {
    await using database = await fresh.open();

    await expect(database.cachePaths.add(main, [cachePath('a')])).rejects.toMatchObject({
      code: 'db.missing',
    });
  });

  it('stay as they are when they come again, and never get another content', async () => {
    await using database = await fresh.open();
    await addChain(database);
    const { cachePaths } = database;
    await cachePaths.add(main, [cachePath('a', [], { addedAt: 9999, deriver: '/other' })]);
    expect(await cachePaths.get(main, digits('a'))).toEqual(cachePath('a', [], { servedAt: 9999 }));

    await expect(cachePaths.add(main, [cachePath('a', [], { narHash: 'nar-b' })])).rejects.toMatchObject({
      code: 'cache.conflict',
      message: `${cachePath('a').path} is in the cache with the NAR hash sha256:nar-a, and came with sha256:nar-b`,
    });
    const renamed = cachePath('a', [], { path: `/nix/store/${digits('a')}-other` });
    await expect(cachePaths.add(main, [renamed])).rejects.toMatchObject({ code: 'cache.conflict' });
  });

  it('go together, but for those that something else refers to', async () => {
    await using database = await fresh.open();
    await addChain(database);
    await addNars(database, 'd');
    await database.cachePaths.add(main, [cachePath('d', ['a'])]);
    const { cachePaths } = database;

    expect(await cachePaths.remove(main, ['a', 'b'].map(digits))).toEqual([]);
    expect(await cachePaths.remove(main, ['a', 'b', 'c', 'z'].map(digits))).toEqual(['b', 'c'].map(digits));
    expect(await names(database)).toEqual(['a', 'd']);
    expect(await cachePaths.remove(main, ['a', 'd'].map(digits))).toEqual(['a', 'd'].map(digits));
    expect(await cachePaths.count(main)).toBe(0);
  });

  it('tell when they were last served', async () => {
    await using database = await fresh.open();
    await addChain(database);
    const { cachePaths } = database;
    await cachePaths.setServed(main, ['a', 'b'].map(digits), 3000);
    await cachePaths.setServed(main, [digits('a')], 2500);
    await cachePaths.setServed(main, [], 2500);

    const served = (await collect(cachePaths.all(main))).map(({ servedAt }) => servedAt);
    expect(served).toEqual([3000, 3000, 2000]);
  });

  it('go by their last use when that is asked for: not when added, served or pinned since', async () => {
    await using database = await fresh.open();
    const { cachePaths, caches } = database;
    await addNars(database, 'a', 'b', 'c', 'd');
    await cachePaths.add(main, [
      cachePath('a', [], { addedAt: 3000 }),
      cachePath('b', [], { servedAt: 3000 }),
      cachePath('c'),
      cachePath('d'),
    ]);
    await caches.setPin({ cacheId: main, name: 'p', path: cachePath('c').path, createdAt: 1, expiresAt: 2 });
    const all = ['a', 'b', 'c', 'd'].map(digits);

    expect(await cachePaths.remove(main, all, 2000)).toEqual([]);
    expect(await cachePaths.remove(main, all, 2001)).toEqual([digits('d')]);
    expect(await cachePaths.remove(main, all)).toEqual(['a', 'b', 'c'].map(digits));
  });

  it('count as served when they are added again', async () => {
    await using database = await fresh.open();
    await addChain(database);
    await database.cachePaths.add(main, [cachePath('b', ['a', 'b'], { addedAt: 5000 })]);

    const used = await collect(database.cachePaths.all(main));
    expect(used.map(({ addedAt, servedAt }) => [addedAt, servedAt])).toEqual([
      [2000, 2000],
      [2000, 5000],
      [2000, 2000],
    ]);
  });

  it('are complete whatever is added and removed at the same time', async () => {
    await using database = await fresh.open();
    await addNars(database, 'a', 'b');
    const { cachePaths } = database;
    await cachePaths.add(main, [cachePath('a')]);

    for (let round = 0; round < 20; round++) {
      await Promise.allSettled([
        cachePaths.add(main, [cachePath('b', ['a'])]),
        cachePaths.remove(main, [digits('a')]),
        database.storedNars.remove('file-a'),
      ]);
      const all = await collect(cachePaths.all(main));
      const there = new Set(all.map(({ path }) => path));
      expect(all.flatMap(({ references }) => references).filter((path) => !there.has(path))).toEqual([]);
      await cachePaths.remove(main, ['a', 'b'].map(digits));
      await addNars(database, 'a', 'b');
      await cachePaths.add(main, [cachePath('a')]);
    }
  });
});
