import { expect, it } from 'vitest';
import type { StorePath } from '../nix/store-path.ts';
import { createRotatingLease } from './rotating-lease.ts';
import { drv } from './testing/sample-step.ts';

const running = new AbortController().signal;
const [a, b, c] = [drv('a'), drv('b'), drv('c')];

/** A store that knows which paths are kept now. */
function store() {
  const leases = new Set<Set<StorePath>>();
  const state = { fails: false };
  const check = (): void => {
    if (state.fails) throw new Error('the daemon is gone');
  };
  return {
    state,
    kept: () =>
      [...new Set([...leases].flatMap((paths) => [...paths]))].map((path) => path.slice(44, -4)).sort(),
    leaseTempRoots: async (paths: readonly StorePath[]) => {
      check();
      const kept = new Set(paths);
      leases.add(kept);
      return {
        add: async (more: readonly StorePath[]) => {
          check();
          for (const path of more) kept.add(path);
        },
        [Symbol.asyncDispose]: async () => void leases.delete(kept),
      };
    },
  };
}

it('keeps what is still needed, and the rest until the second rotation', async () => {
  const here = store();
  await using lease = createRotatingLease(here, running);
  await lease.add([a, b]);
  await lease.rotate(async () => [a]);
  await lease.add([c]);
  expect(here.kept()).toEqual(['a', 'b', 'c']);
  await lease.rotate(async () => [a]);
  expect(here.kept()).toEqual(['a', 'c']);
  await lease.rotate(async () => [a]);
  expect(here.kept()).toEqual(['a']);
});

it('is in use until nothing is kept', async () => {
  const here = store();
  await using lease = createRotatingLease(here, running);
  expect(lease.inUse).toBe(false);
  await lease.add([a]);
  expect(lease.inUse).toBe(true);
  await lease.rotate(async () => []);
  expect(lease.inUse).toBe(true);
  await lease.rotate(async () => []);
  expect(lease.inUse).toBe(false);
  expect(here.kept()).toEqual([]);
});

it('protects what is added while it finds out what is needed', async () => {
  const here = store();
  await using lease = createRotatingLease(here, running);
  await lease.add([a]);
  await lease.rotate(async () => {
    await lease.add([b]);
    return [a];
  });
  await lease.rotate(async () => [b]);
  await lease.rotate(async () => [b]);
  expect(here.kept()).toEqual(['b']);
});

it('lets nothing go when what is needed cannot be taken over', async () => {
  const here = store();
  await using lease = createRotatingLease(here, running);
  await lease.add([a]);
  await lease.rotate(async () => [a]);
  here.state.fails = true;
  await expect(lease.rotate(async () => [a])).rejects.toThrow('the daemon is gone');
  expect(here.kept()).toEqual(['a']);
  here.state.fails = false;
  await lease.rotate(async () => [a]);
  expect(here.kept()).toEqual(['a']);
});

it('lets all go in the end', async () => {
  const here = store();
  {
    await using lease = createRotatingLease(here, running);
    await lease.add([a]);
    await lease.rotate(async () => [b]);
  }
  expect(here.kept()).toEqual([]);
});
