import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseStorePath } from '../nix/store-path.ts';
import type { TempRootLease } from '../store/store.ts';
import { createTempRootKeeper } from './create-temp-root-keeper.ts';

const path = (letter: string) => parseStorePath(`/nix/store/${letter.repeat(32)}-x`);

/** A store that says which roots are held; `broken` leases refuse every further root. */
function setUp(maxRootsPerLease = 100) {
  const leases: { roots: string[]; open: boolean; broken: boolean }[] = [];
  const store = {
    async leaseTempRoots(paths: readonly string[]): Promise<TempRootLease> {
      const lease = { roots: [...paths], open: true, broken: false };
      leases.push(lease);
      return {
        async add(more) {
          if (lease.broken) throw new Error('the daemon is gone');
          lease.roots.push(...more);
        },
        async [Symbol.asyncDispose]() {
          lease.open = false;
        },
      };
    },
  };
  const held = () => leases.filter((lease) => lease.open).flatMap((lease) => lease.roots);
  return { keeper: createTempRootKeeper(store, { maxRootsPerLease, lingerMs: 500 }), leases, held };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('createTempRootKeeper', () => {
  it('shares one lease and gives it up a moment after its last user', async () => {
    const { keeper, leases, held } = setUp();
    const a = await keeper.keep(path('a'));
    const b = await keeper.keep(path('b'));
    expect(held()).toEqual([path('a'), path('b')]);
    await a[Symbol.asyncDispose]();
    await a[Symbol.asyncDispose]();
    expect(held()).toContain(path('b'));
    await b[Symbol.asyncDispose]();
    await vi.advanceTimersByTimeAsync(499);
    expect(held()).toContain(path('b'));
    await vi.advanceTimersByTimeAsync(1);
    expect(held()).toEqual([]);
    expect(leases).toHaveLength(1);
    await using _c = await keeper.keep(path('c'));
    expect(held()).toEqual([path('c')]);
  });

  it('lends a lease that was not given up yet to the next user, who has it for as long as it takes', async () => {
    const { keeper, leases, held } = setUp();
    await (await keeper.keep(path('a')))[Symbol.asyncDispose]();
    await vi.advanceTimersByTimeAsync(400);
    const b = await keeper.keep(path('b'));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(held()).toEqual([path('a'), path('b')]);
    await b[Symbol.asyncDispose]();
    await vi.advanceTimersByTimeAsync(500);
    expect(held()).toEqual([]);
    expect(leases).toHaveLength(1);
  });

  it('shares it among users that come at the same time', async () => {
    const { keeper, leases } = setUp();
    const all = await Promise.all(['a', 'b', 'c'].map((letter) => keeper.keep(path(letter))));
    expect(leases).toHaveLength(1);
    await Promise.all(all.map((one) => one[Symbol.asyncDispose]()));
    await vi.advanceTimersByTimeAsync(500);
    expect(leases[0]?.open).toBe(false);
  });

  it('begins a new lease when one is full, and closes the old one when its users are done', async () => {
    const { keeper, leases, held } = setUp(2);
    const a = await keeper.keep(path('a'));
    const b = await keeper.keep(path('b'));
    const c = await keeper.keep(path('c'));
    expect(leases.map((lease) => lease.roots.length)).toEqual([2, 1]);
    await a[Symbol.asyncDispose]();
    await b[Symbol.asyncDispose]();
    expect(held()).toEqual([path('c')]);
    await c[Symbol.asyncDispose]();
    await vi.advanceTimersByTimeAsync(500);
    expect(held()).toEqual([]);
  });

  it('tries once more with a new lease when the connection broke', async () => {
    const { keeper, leases, held } = setUp();
    const a = await keeper.keep(path('a'));
    leases[0]!.broken = true;
    const b = await keeper.keep(path('b'));
    expect(leases).toHaveLength(2);
    await a[Symbol.asyncDispose]();
    expect(held()).toEqual([path('b')]);
    await b[Symbol.asyncDispose]();
    await vi.advanceTimersByTimeAsync(500);
    expect(held()).toEqual([]);
  });

  it('says why when no lease can be had, and leaves nothing behind', async () => {
    const keeper = createTempRootKeeper({ leaseTempRoots: () => Promise.reject(new Error('no daemon')) });
    await expect(keeper.keep(path('a'))).rejects.toThrow('no daemon');
    await expect(keeper.keep(path('a'))).rejects.toThrow('no daemon');
  });
});
