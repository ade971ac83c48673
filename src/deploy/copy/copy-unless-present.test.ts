import { describe, expect, it } from 'vitest';
import { parseStorePath, type StorePath } from '../../nix/store-path.ts';
import type { HostSession } from '../session/host-session.ts';
import { copyUnlessPresent } from './copy-unless-present.ts';

const here = parseStorePath(`/nix/store/${'1'.repeat(32)}-here`);
const gone = parseStorePath(`/nix/store/${'2'.repeat(32)}-gone`);

/** A host that has some paths, until a collector comes before they are kept. */
function world(collectorIsQuick = false) {
  const told: string[] = [];
  const valid = new Set<StorePath>([here]);
  const store = {
    queryValidPaths: async (paths: readonly StorePath[]) => new Set(paths.filter((path) => valid.has(path))),
    leaseTempRoots: async () => {
      told.push('kept');
      if (collectorIsQuick) valid.clear();
    },
  };
  const copier = copyUnlessPresent({
    closureOf: async () => [],
    counters: { read: 0, kept: 0 },
    copy: async () => {
      told.push('copied');
      return { paths: 1, bytes: 2, substituted: 3 };
    },
    async [Symbol.asyncDispose]() {
      told.push('disposed');
    },
  });
  const options = { signal: new AbortController().signal, onLine: () => {}, emit: () => {} };
  const session = { store } as unknown as HostSession; // all that is asked of it here
  const copy = (...roots: readonly StorePath[]) =>
    copier.copy(session, { roots, substitute: false }, options);
  return { told, copy, copier };
}

describe('copyUnlessPresent', () => {
  it('keeps what is there, and asks nobody for it', async () => {
    const { told, copy } = world();

    expect(await copy(here, here)).toEqual({ paths: 0, bytes: 0, substituted: 0 });
    expect(told).toEqual(['kept']);
  });

  it('copies when anything is not there, or was collected before it was kept', async () => {
    const some = world();
    expect(await some.copy(here, gone)).toEqual({ paths: 1, bytes: 2, substituted: 3 });
    expect(some.told).toEqual(['copied']);

    const quick = world(true);
    await quick.copy(here);
    expect(quick.told).toEqual(['kept', 'copied']);
  });

  it('is disposed with the copier', async () => {
    const { told, copier } = world();
    await copier[Symbol.asyncDispose]();
    expect(told).toEqual(['disposed']);
  });
});
