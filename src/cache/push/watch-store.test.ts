import { describe, expect, it } from 'vitest';
import { parseStorePath, type StorePath } from '../../nix/store-path.ts';
import type { PathInfo } from '../../store/store.ts';
import { AppError } from '../../util/app-error.ts';
import { type WatchStoreDeps, watchStore } from './watch-store.ts';

const pathOf = (name: string): StorePath => parseStorePath(`/nix/store/${'0'.repeat(32)}-${name}`);

function infoOf(name: string, references: readonly string[] = []): PathInfo {
  return {
    path: pathOf(name),
    deriver: undefined,
    narHash: '0'.repeat(64),
    narSize: 8,
    references: references.map(pathOf),
    registrationTime: 1,
    ultimate: true,
    signatures: [],
    contentAddress: '',
  };
}

function setUp(change: Partial<WatchStoreDeps> = {}) {
  const rows: { readonly id: number; readonly info: PathInfo }[] = [];
  const pushed: string[][] = [];
  const kept: number[] = [];
  const away: string[] = [];
  let version = 1;
  let waits: (() => void)[] = [];
  const controller = new AbortController();
  const add = (...infos: readonly PathInfo[]): void => {
    version += 1;
    for (const info of infos) rows.push({ id: (rows.at(-1)?.id ?? 0) + 1, info });
  };
  const deps: WatchStoreDeps = {
    database: {
      dataVersion: () => version,
      newestId: () => rows.at(-1)?.id ?? 0,
      pathsAfter: (id, limit) => rows.filter((row) => row.id > id).slice(0, limit),
      lookupPath: (path) => rows.find(({ info }) => info.path === path)?.info,
    },
    async push(infos) {
      pushed.push(infos.map(({ path }) => path.slice(44)));
      return { paths: infos.length, bytes: 0, alreadyThere: 0 };
    },
    position: { read: async () => kept.at(-1), write: async (id) => void kept.push(id) },
    fromTheStart: true,
    once: true,
    wait: async () => {
      for (const wake of waits) wake();
      waits = [];
      await new Promise((resolve) => setImmediate(resolve));
      controller.signal.throwIfAborted();
    },
    onResult: () => {},
    onAway: (error) => away.push(error.message),
    signal: controller.signal,
    ...change,
  };
  /** Resolves when it waits for something new. */
  const idle = (): Promise<void> => new Promise((resolve) => waits.push(resolve));
  return { rows, pushed, kept, away, add, deps, controller, idle };
}

describe('watchStore', () => {
  it('uploads all that is there, references first, without derivations that nothing refers to', async () => {
    const { deps, add, pushed, kept } = setUp();
    add(infoOf('b.drv'), infoOf('app', ['lib', 'src.drv']), infoOf('lib'), infoOf('src.drv'));
    await watchStore(deps);

    expect(pushed).toEqual([['lib', 'src.drv', 'app']]);
    expect(kept).toEqual([0, 4]);
  });

  it('begins with what comes, unless it is told to take all', async () => {
    const { deps, add, pushed, kept } = setUp({ fromTheStart: false });
    add(infoOf('old'));
    await watchStore(deps);
    expect(pushed).toEqual([]);
    add(infoOf('new'));
    await watchStore(deps);

    expect(pushed).toEqual([['new']]);
    expect(kept).toEqual([1, 2]);
  });

  it('goes on with what is new for as long as it runs', async () => {
    const { deps, add, pushed, controller, idle } = setUp({ once: false });
    const watching = watchStore(deps);
    await idle();
    add(infoOf('one'));
    await idle();
    await idle();
    add(infoOf('two'));
    await idle();
    await idle();
    controller.abort();

    await expect(watching).rejects.toThrow();
    expect(pushed).toEqual([['one'], ['two']]);
  });

  it('tries again while the cache is away, and keeps no position before it has everything', async () => {
    let failures = 2;
    const { deps, add, kept, away } = setUp({
      async push(infos) {
        if (failures-- > 0) throw new AppError('server.unreachable', 'away');
        return { paths: infos.length, bytes: 0, alreadyThere: 0 };
      },
    });
    add(infoOf('one'));
    await watchStore(deps);

    expect(away).toEqual(['away', 'away']);
    expect(kept).toEqual([0, 1]);
  });

  it('ends when the cache refuses', async () => {
    const { deps, add, kept } = setUp({ push: () => Promise.reject(new AppError('cache.quota', 'full')) });
    add(infoOf('one'));

    await expect(watchStore(deps)).rejects.toMatchObject({ code: 'cache.quota' });
    expect(kept).toEqual([0]);
  });

  it('leaves out what was deleted meanwhile', async () => {
    const { deps, add, rows, pushed } = setUp();
    add(infoOf('gone'), infoOf('here'));
    const [gone] = rows;
    const lookupPath = (path: StorePath) =>
      path === gone?.info.path ? undefined : rows.find(({ info }) => info.path === path)?.info;
    await watchStore({ ...deps, database: { ...deps.database, lookupPath } });

    expect(pushed).toEqual([['here']]);
  });

  it('begins anew with a database that was replaced', async () => {
    const { deps, add, pushed } = setUp({ position: { read: async () => 1000, write: async () => {} } });
    add(infoOf('one'));
    await watchStore(deps);

    expect(pushed).toEqual([['one']]);
  });
});
