import { expect, it } from 'vitest';
import { parseStorePath, type StorePath } from '../nix/store-path.ts';
import { createSharedLease } from './shared-lease.ts';

const path = (name: string): StorePath => parseStorePath(`/nix/store/${'0'.repeat(32)}-${name}`);
const [a, b, c] = [path('a'), path('b'), path('c')];

/** A store that writes down what it is asked, and whose lease breaks on demand. */
function recorder() {
  const calls: string[] = [];
  const names = (paths: readonly StorePath[]): string => paths.map((one) => one.slice(44)).join(' ');
  const state = { broken: false };
  return {
    calls,
    state,
    leaseTempRoots: async (paths: readonly StorePath[]) => {
      calls.push(`lease ${names(paths)}`);
      return {
        add: async (more: readonly StorePath[]) => {
          if (state.broken) throw new Error('connection lost');
          calls.push(`add ${names(more)}`);
        },
        [Symbol.asyncDispose]: async () => void calls.push('end'),
      };
    },
  };
}

it('tells the store of each path once', async () => {
  const store = recorder();
  const lease = createSharedLease(store, new AbortController().signal);
  await Promise.all([lease.add([a, b, a]), lease.add([b, c]), lease.add([a])]);
  await lease[Symbol.asyncDispose]();
  expect(store.calls).toEqual(['lease a b', 'add c', 'end']);
});

it('takes everything anew after its connection broke', async () => {
  const store = recorder();
  const lease = createSharedLease(store, new AbortController().signal);
  await lease.add([a]);
  store.state.broken = true;
  await expect(lease.add([b])).rejects.toThrow('connection lost');
  await lease.add([c]);
  expect(store.calls).toEqual(['lease a', 'end', 'lease a c']);
});

it('ends without having begun', async () => {
  const store = recorder();
  await createSharedLease(store, new AbortController().signal)[Symbol.asyncDispose]();
  expect(store.calls).toEqual([]);
});
