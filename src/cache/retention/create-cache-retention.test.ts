import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CacheExtraRecord, CachePathRecord } from '../../db/cache-records.ts';
import type { Database } from '../../db/database.ts';
import { openDatabase } from '../../db/open-database.ts';
import type { CacheRetention } from './cache-retention.ts';
import { type CacheRetentionDeps, createCacheRetention, fileWaitMs } from './create-cache-retention.ts';

const day = 86_400_000;
const graceMs = 30 * day;
const start = 1000 * day;
/** The cache that every database has from the start. */
const main = 1;

const hashPart = (name: string): string => name.replaceAll('-', '').padEnd(32, '0');
const storePath = (name: string): string => `/nix/store/${hashPart(name)}-${name}`;

interface World extends AsyncDisposable {
  readonly database: Database;
  readonly retention: CacheRetention;
  readonly clock: { now: number };
  readonly wanted: Set<string>;
  readonly live: Set<string>;
  /** Files that are on disk. */
  readonly disk: Set<string>;
  add(name: string, references?: readonly string[], cacheId?: number): Promise<void>;
  /** Names of the paths that are there, sorted. */
  names(cacheId?: number): Promise<readonly string[]>;
  files(): Promise<readonly string[]>;
}

async function openWorld(change: (deps: CacheRetentionDeps) => Partial<CacheRetentionDeps> = () => ({})) {
  const database = await openDatabase(':memory:', { now: () => 0 });
  const clock = { now: start };
  const [wanted, live, disk] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const deps: CacheRetentionDeps = {
    database,
    async *wanted() {
      yield* wanted;
    },
    async *liveContents() {
      yield* live;
    },
    kept: {
      async sweep(before) {
        const all: CacheExtraRecord[] = [];
        for (;;) {
          const gone = await database.cacheExtras.removeUnowned(before);
          if (gone.length === 0) return all;
          all.push(...gone);
        }
      },
      unowned: (before, isGone) => database.cacheExtras.unowned(before, isGone),
    },
    async removeFile(fileHash) {
      if (!(await database.storedNars.remove(fileHash))) return false;
      disk.delete(fileHash);
      return true;
    },
    graceMs,
    now: () => clock.now,
  };
  const world: World = {
    database,
    retention: createCacheRetention({ ...deps, ...change(deps) }),
    clock,
    wanted,
    live,
    disk,
    async add(name, references = [], cacheId = main) {
      const at = clock.now;
      disk.add(`file-${name}`);
      await database.storedNars.add({
        ...{ fileHash: `file-${name}`, fileSize: 100, narHash: `nar-${name}`, narSize: 400 },
        ...{ compression: 'zstd', createdAt: at, verifiedAt: at },
      });
      const path: CachePathRecord = {
        ...{ cacheId, hashPart: hashPart(name), path: storePath(name), narHash: `nar-${name}`, narSize: 400 },
        ...{ references: references.map(storePath), deriver: null, ca: null, signatures: [] },
        ...{ fileHash: `file-${name}`, addedAt: at, servedAt: at },
      };
      await database.cachePaths.add(cacheId, [path]);
    },
    names: async (cacheId = main) =>
      (await Array.fromAsync(database.cachePaths.all(cacheId))).map(({ path }) => path.slice(44)).toSorted(),
    files: async () => (await Array.fromAsync(database.storedNars.all())).map(({ fileHash }) => fileHash),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
  return world;
}

/** `app` refers to `lib`, which refers to `libc`; `old` refers to `libc`. */
async function addSample(world: World): Promise<void> {
  await world.add('libc');
  await world.add('lib', ['libc']);
  await world.add('app', ['lib', 'app']);
  await world.add('old', ['libc']);
}

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world[Symbol.asyncDispose]());
const later = (ms: number): void => {
  world.clock.now += ms;
};
const pin = (name: string, expiresAt: number | null = null) =>
  world.database.caches.setPin({
    ...{ cacheId: main, name: `host/${name}/7`, path: storePath(name), createdAt: 1, expiresAt },
  });

describe('what a cache keeps', () => {
  it('is all that was added or served within the grace', async () => {
    await addSample(world);
    later(graceMs);
    expect((await world.retention.plan()).paths).toEqual([]);
    expect((await world.retention.apply()).paths).toEqual([]);

    later(1);
    await world.database.cachePaths.setServed(main, [hashPart('old')], world.clock.now);
    const { paths, keptPaths } = await world.retention.apply();
    expect(paths.map(({ path }) => path)).toEqual([storePath('app'), storePath('lib')]);
    expect(keptPaths).toBe(2);
    expect(await world.names()).toEqual(['libc', 'old']);
  });

  it('is what is pinned, with all that it refers to, until the pin expires or goes', async () => {
    await addSample(world);
    later(graceMs + 1);
    await pin('lib', world.clock.now + 1);
    await world.retention.apply();
    expect(await world.names()).toEqual(['lib', 'libc']);

    later(1);
    await pin('libc');
    await world.database.caches.removePin(main, 'host/lib/7');
    await world.retention.apply();
    expect(await world.names()).toEqual(['libc']);
  });

  it('is what the continuous loop wants kept, in every cache that has it', async () => {
    const { id } = await world.database.caches.create({
      ...{ name: 'team', priority: 40, isPrivate: true, quota: null, keys: [], createdAt: 1 },
    });
    await addSample(world);
    await world.add('lib', [], id);
    await world.add('other', [], id);
    world.wanted.add(storePath('lib')).add(storePath('nowhere')).add('/nix/store/x.drv');
    later(graceMs + 1);

    const { paths } = await world.retention.apply();
    expect(await world.names()).toEqual(['lib', 'libc']);
    expect(await world.names(id)).toEqual(['lib']);
    expect(paths.find(({ cache }) => cache === 'team')).toEqual({
      ...{ cache: 'team', path: storePath('other'), narSize: 400, lastUsedAt: start },
      why: 'nothing keeps it, and it was last added or served on 1972-09-27',
    });
  });
});

describe('a file', () => {
  it('goes an hour after the last path that has it', async () => {
    await addSample(world);
    later(graceMs + 1);
    const at = world.clock.now;

    const { files } = await world.retention.apply();
    expect(files).toHaveLength(4);
    expect(files[0]).toMatchObject({ fileSize: 100, notBefore: at + fileWaitMs });
    later(fileWaitMs - 1);
    await world.retention.apply();
    expect(world.disk.size).toBe(4);
    later(1);
    expect((await world.retention.apply()).files.every(({ notBefore }) => notBefore === null)).toBe(true);
    expect(world.disk.size).toBe(0);
    expect(await world.files()).toEqual([]);
  });

  it('stays while another path has it, is new, or serves what is in the live store', async () => {
    await world.add('a');
    await world.add('live');
    world.live.add('nar-live');
    later(graceMs + 1);
    await world.add('new');
    await world.database.cachePaths.remove(main, [hashPart('new')]);
    await world.retention.apply();
    later(fileWaitMs);
    await world.retention.apply();

    expect(await world.files()).toEqual(['file-live', 'file-new']);
    world.live.clear();
    await world.retention.apply();
    later(fileWaitMs);
    await world.retention.apply();
    expect(await world.files()).toEqual(['file-new']);
  });

  it('that is wanted again within its hour stays', async () => {
    await world.add('a');
    later(graceMs + 1);
    await world.retention.apply();
    later(fileWaitMs);
    await world.add('a');

    expect((await world.retention.apply()).files).toEqual([]);
    expect([...world.disk]).toEqual(['file-a']);
  });
});

describe('a dry run', () => {
  it('says the same as the real one, and does nothing', async () => {
    await addSample(world);
    later(graceMs + 1);
    const plan = await world.retention.plan();

    expect(await world.names()).toEqual(['app', 'lib', 'libc', 'old']);
    expect(plan.paths).toHaveLength(4);
    expect(await world.retention.apply()).toEqual(plan);
  });

  it('says which logs and realisations go with the paths, in the same words', async () => {
    const { database } = world;
    await addSample(world);
    await pin('lib');
    const { id: team } = await database.caches.create({
      ...{ name: 'team', priority: 40, isPrivate: true, quota: null, keys: [], createdAt: 1 },
    });
    const put = (kind: CacheExtraRecord['kind'], name: string, owner: string, cacheId = main, at = start) =>
      database.cacheExtras.add({
        ...{ cacheId, kind, name, owner, content: '{}', file: null, hash: name, size: 9, fileSize: 7 },
        addedAt: at,
      });
    await put('log', 'of-app', storePath('app'));
    await put('log', 'of-lib', storePath('lib'));
    await put('realisation', 'app!out', hashPart('app'));
    await put('build-trace', 'libc!out', hashPart('libc'));
    await put('log', 'of-nothing', storePath('nothing'), team);
    // The other cache has no such path.
    await put('log', 'of-lib', storePath('lib'), team);
    later(graceMs + 1);
    await put('log', 'new', storePath('nothing'), main, world.clock.now);
    const plan = await world.retention.plan();

    expect(plan.extras).toEqual([
      { cache: 'main', kind: 'log', name: 'of-app', bytes: 7 },
      { cache: 'main', kind: 'realisation', name: 'app!out', bytes: 7 },
      { cache: 'team', kind: 'log', name: 'of-lib', bytes: 7 },
      { cache: 'team', kind: 'log', name: 'of-nothing', bytes: 7 },
    ]);
    expect(await database.cacheExtras.find(main, 'log', 'of-app')).toBeDefined();
    expect(await world.retention.apply()).toEqual(plan);
    expect(await database.cacheExtras.find(main, 'log', 'of-app')).toBeUndefined();
    expect((await world.retention.apply()).extras).toEqual([]);

    // What a deleted cache had goes at once.
    await put('log', 'left', storePath('lib'), team, world.clock.now);
    await database.caches.delete(team);
    const left = [{ cache: null, kind: 'log', name: 'left', bytes: 7 }];
    expect((await world.retention.plan()).extras).toEqual(left);
    expect((await world.retention.apply()).extras).toEqual(left);
    expect((await world.retention.plan()).extras).toEqual([]);
  });
});

describe('what happens meanwhile', () => {
  /** Does something between the decision and its first step. */
  const meanwhile = async (act: (world: World) => Promise<void>): Promise<void> => {
    let calls = 0;
    await world[Symbol.asyncDispose]();
    world = await openWorld(() => ({
      async flushServed() {
        calls += 1;
        // The first is before the decision.
        if (calls === 2) await act(world);
      },
    }));
    await addSample(world);
    later(graceMs + 1);
    await world.retention.apply();
  };

  it('counts: a path that is served stays, with what it refers to', async () => {
    await meanwhile(({ database, clock }) =>
      database.cachePaths.setServed(main, [hashPart('lib')], clock.now),
    );
    expect(await world.names()).toEqual(['lib', 'libc']);
  });

  it('counts: so does one that is added again, pinned, or referred to by a new one', async () => {
    await meanwhile((now) => now.add('lib', ['libc']));
    expect(await world.names()).toEqual(['lib', 'libc']);
    await meanwhile(async () => {
      expect(await pin('lib')).toBe(true);
    });
    expect(await world.names()).toEqual(['lib', 'libc']);
    await meanwhile((now) => now.add('fresh', ['old']));
    expect(await world.names()).toEqual(['fresh', 'libc', 'old']);
  });
});

describe('a run that ends in the middle', () => {
  it('leaves nothing without what it refers to, and the next one does the rest', async () => {
    await world[Symbol.asyncDispose]();
    const abort = new AbortController();
    let flushes = 0;
    world = await openWorld(() => ({
      async flushServed() {
        flushes += 1;
        if (flushes === 3) abort.abort(new Error('killed'));
      },
    }));
    for (let n = 0; n < 1200; n++) await world.add(`n${n}x`, n === 0 ? [] : [`n${n - 1}x`]);
    later(graceMs + 1);

    await expect(world.retention.apply(abort.signal)).rejects.toThrow('killed');
    const left = await Array.fromAsync(world.database.cachePaths.all(main));
    expect(left).toHaveLength(200);
    const there = new Set(left.map(({ path }) => path));
    for (const { references } of left) for (const one of references) expect(there).toContain(one);
    expect(world.disk.size).toBe(1200);

    await world.retention.apply();
    expect(await world.names()).toEqual([]);
  });
});

describe('whatever happens', () => {
  type Action =
    | { readonly type: 'add'; readonly n: number; readonly references: readonly number[] }
    | { readonly type: 'pin' | 'unpin' | 'serve' | 'want'; readonly n: number }
    | { readonly type: 'wait'; readonly days: number }
    | { readonly type: 'run' };
  const n = fc.nat(11);
  const actions = fc.array(
    fc.oneof(
      fc.record({ type: fc.constant('add' as const), n, references: fc.array(n, { maxLength: 3 }) }),
      fc.record({
        type: fc.constantFrom('pin' as const, 'unpin' as const, 'serve' as const, 'want' as const),
        n,
      }),
      fc.record({ type: fc.constant('wait' as const), days: fc.integer({ min: 1, max: 40 }) }),
      fc.constant({ type: 'run' as const }),
    ),
    { maxLength: 30 },
  );

  const act = async (action: Action): Promise<void> => {
    const { database, clock, wanted, retention } = world;
    const name = 'n' in action ? `p${action.n}x` : '';
    if (action.type === 'add') {
      const there = new Set(await world.names());
      const known = [...new Set(action.references.map((m) => `p${m}x`))];
      if (!there.has(name))
        await world.add(
          name,
          known.filter((one) => there.has(one)),
        );
    }
    if (action.type === 'pin') await pin(name);
    if (action.type === 'unpin') await database.caches.removePin(main, `host/${name}/7`);
    if (action.type === 'want') wanted.add(storePath(name));
    if (action.type === 'serve') await database.cachePaths.setServed(main, [hashPart(name)], clock.now);
    if (action.type === 'wait') later(action.days * day);
    if (action.type === 'run') await retention.apply();
  };

  it('what is kept, pinned or used lately is there, with its references and its files, and nothing else for long', async () => {
    await fc.assert(
      fc.asyncProperty(actions, async (all) => {
        await world[Symbol.asyncDispose]();
        world = await openWorld();
        for (const action of all) {
          const before = await Array.fromAsync(world.database.cachePaths.all(main));
          await act(action);
          const { clock, database, disk, wanted } = world;
          const left = await Array.fromAsync(database.cachePaths.all(main));
          const there = new Set(left.map(({ path }) => path));
          for (const path of left) {
            for (const one of path.references) expect(there).toContain(one);
            expect(disk).toContain(path.fileHash);
          }
          if (action.type !== 'run') continue;
          const pins = new Set((await database.caches.pins(main)).map(({ path }) => path));
          // The model: everything that can be reached from what is to stay.
          const byPath = new Map(before.map((path) => [path.path, path]));
          const stay = new Set<string>();
          const visit = (path: string): void => {
            if (stay.has(path)) return;
            stay.add(path);
            for (const one of byPath.get(path)?.references ?? []) visit(one);
          };
          for (const { path, servedAt } of before) {
            if (servedAt >= clock.now - graceMs || pins.has(path) || wanted.has(path)) visit(path);
          }
          expect([...there].toSorted()).toEqual([...stay].toSorted());
        }
      }),
      { numRuns: 60 },
    );
  });
});
