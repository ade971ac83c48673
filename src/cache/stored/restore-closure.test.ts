import { describe, expect, it } from 'vitest';
import type { StoredNarRecord } from '../../db/cache-records.ts';
import { parseStorePath, type StorePath, storePathHash } from '../../nix/store-path.ts';
import type { IncomingPath } from '../../store/store.ts';
import type { ServedPath } from '../path-source.ts';
import { restoreClosure } from './restore-closure.ts';

const path = (name: string): StorePath => parseStorePath(`/nix/store/${name.padEnd(32, '0')}-${name}`);

/** A cache that keeps these, by name, with what each refers to; and a store with `valid` in it. */
function setUp(kept: Readonly<Record<string, readonly string[]>>, valid: readonly string[] = []) {
  const asked: string[] = [];
  const added: string[] = [];
  const rows = new Map<string, ServedPath>(
    Object.entries(kept).map(([name, references]) => {
      const stored: StoredNarRecord = {
        fileHash: name,
        fileSize: 1,
        narHash: name,
        narSize: name.length,
        compression: 'none',
        createdAt: 0,
        verifiedAt: 0,
      };
      const info: ServedPath = {
        path: path(name),
        deriver: undefined,
        narHash: name,
        narSize: name.length,
        references: references.map(path),
        registrationTime: 0,
        ultimate: false,
        signatures: [],
        contentAddress: '',
        stored,
      };
      return [storePathHash(info.path), info];
    }),
  );
  const deps = {
    store: {
      queryValidPaths: async (paths: readonly StorePath[]) => {
        asked.push(paths.map((one) => one.slice(44)).join(' '));
        return new Set(paths.filter((one) => valid.map(path).includes(one)));
      },
      addMultipleToStore: async (paths: readonly IncomingPath[]) => {
        for (const { info, nar } of paths) {
          expect(info).not.toHaveProperty('stored');
          const bytes = await Array.fromAsync(nar());
          added.push(`${info.path.slice(44)}=${Buffer.concat(bytes).toString()}`);
        }
      },
    },
    kept: { lookup: async (hashPart: string) => rows.get(hashPart) },
    nars: {
      async *unpack({ narHash }: StoredNarRecord, { start, end }: { start: number; end: number }) {
        yield Buffer.from(narHash.slice(start, end));
      },
    },
  };
  const restore = (...roots: string[]) => restoreClosure(roots.map(path), deps, new AbortController().signal);
  return { restore, asked, added };
}

describe('restoreClosure', () => {
  it('brings back what is missing, references first, each once', async () => {
    const { restore, asked, added } = setUp(
      { sys: ['lib', 'sys'], db: ['lib', 'libc'], lib: ['libc'], libc: [] },
      ['libc'],
    );

    expect(await restore('sys', 'db')).toHaveLength(3);
    expect(added).toEqual(['lib=lib', 'sys=sys', 'db=db']);
    // By the level, and nothing below what is there.
    expect(asked).toEqual(['sys db', 'lib libc']);
  });

  it('does nothing when all is there', async () => {
    const { restore, added } = setUp({}, ['sys']);

    expect(await restore('sys')).toEqual([]);
    expect(added).toEqual([]);
  });

  it('names what is lost', async () => {
    const { restore, added } = setUp({ sys: ['lib'] });

    await expect(restore('sys')).rejects.toMatchObject({
      code: 'store.path-missing',
      message: `${path('lib')}, which ${path('sys')} needs, is neither in the store nor kept in the cache`,
    });
    expect(added).toEqual([]);
  });
});
