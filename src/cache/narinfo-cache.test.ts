import { describe, expect, it } from 'vitest';
import { parseStorePath, storePathHash } from '../nix/store-path.ts';
import type { PathInfo } from '../store/store.ts';
import { datedResponse } from './hot/dated-response.ts';
import { createNarInfoCache, type NarInfoCache, type RenderedNarInfo } from './narinfo-cache.ts';

function row(letter: string, change: Partial<PathInfo> = {}): PathInfo {
  return {
    path: parseStorePath(`/nix/store/${letter.repeat(32)}-x`),
    deriver: undefined,
    narHash: 'ab'.repeat(32),
    narSize: 96,
    references: [],
    registrationTime: 1,
    ultimate: true,
    signatures: [],
    contentAddress: '',
    ...change,
  };
}

function rendered(text: string): RenderedNarInfo {
  const response = datedResponse('200 OK', {}, Buffer.from(text));
  return { body: response.bytes.subarray(response.headLength), etag: '"x"', response };
}

/** A database of rows by hash part that counts what is asked of it. */
function setUp(maxBytes = 100_000) {
  const rows = new Map<string, PathInfo>();
  const state = { version: 1, lookups: 0, renders: 0, unsure: false };
  const cache = createNarInfoCache({
    maxBytes,
    source: {
      version: () => state.version,
      mayHave: (hashPart) => rows.has(hashPart) || state.unsure,
      lookup(hashPart) {
        state.lookups += 1;
        return rows.get(hashPart);
      },
    },
    render(info) {
      state.renders += 1;
      if (info.narSize === 0) return undefined;
      return rendered(`${info.path} ${info.signatures.join()}`);
    },
  });
  const put = (info: PathInfo): string => {
    rows.set(storePathHash(info.path), info);
    return storePathHash(info.path);
  };
  return { cache, state, rows, put, body: (hashPart: string) => text(cache.get(hashPart)) };
}

describe('what is surely not there', () => {
  it('is told from the bytes of a request, in the version of that moment', () => {
    const { cache, state, put } = setUp();
    const hashPart = put(row('a'));
    const asked = Buffer.from(`GET /${hashPart}.narinfo`);
    expect(cache.lacks(asked, 5)).toBe(false);
    expect(cache.lacks(Buffer.from('b'.repeat(32)), 0)).toBe(true);

    state.unsure = true;
    expect(cache.lacks(Buffer.from('b'.repeat(32)), 0)).toBe(false);
    expect(state.lookups).toBe(0);
  });

  it('is asked of the source without making a text, where it can be, and after its version', () => {
    const told: string[] = [];
    const cache = createNarInfoCache({
      maxBytes: 1,
      source: {
        version: () => told.push('version'),
        mayHave: () => told.push('text') > 0,
        mayHaveAt: (bytes, at) => told.push(`bytes ${bytes.toString('latin1', at)}`) < 0,
        lookup: () => undefined,
      },
      render: () => undefined,
    });

    expect(cache.lacks(Buffer.from('GET /abc'), 5)).toBe(true);
    expect(told).toEqual(['version', 'bytes abc']);
  });
});

function text(answer: ReturnType<NarInfoCache['get']>): string | undefined {
  if (answer instanceof Promise) throw new Error('wanted an answer at once');
  return answer?.body.toString();
}

/** A source whose lookups end when they are told to. */
function setUpSlow() {
  const state = { version: 1, renders: 0 };
  const asked: PromiseWithResolvers<PathInfo | undefined>[] = [];
  const cache = createNarInfoCache({
    maxBytes: 100_000,
    source: {
      version: () => state.version,
      mayHave: () => true,
      lookup() {
        const lookup = Promise.withResolvers<PathInfo | undefined>();
        asked.push(lookup);
        return lookup.promise;
      },
    },
    render(info) {
      state.renders += 1;
      return rendered(`${info.path} ${info.signatures.join()}`);
    },
  });
  return { cache, state, asked };
}

describe('createNarInfoCache', () => {
  it('asks and renders once while the database stays the same', () => {
    const { cache, state, put } = setUp();
    const a = put(row('a'));
    const first = cache.get(a);
    expect(text(first)).toContain(a);
    expect(cache.get(a)).toBe(first);
    expect(state).toMatchObject({ lookups: 1, renders: 1 });
  });

  it('looks again after a change, and renders again only what changed', () => {
    const { cache, state, put, body } = setUp();
    const a = put(row('a'));
    const first = cache.get(a);
    state.version = 2;
    expect(cache.get(a)).toBe(first);
    expect(state).toMatchObject({ lookups: 2, renders: 1 });
    put(row('a', { signatures: ['k:sig'] }));
    state.version = 3;
    expect(body(a)).toContain('k:sig');
    expect(state).toMatchObject({ lookups: 3, renders: 2 });
  });

  it('forgets a path that was deleted', () => {
    const { cache, state, put, rows } = setUp();
    const a = put(row('a'));
    void cache.get(a);
    rows.clear();
    state.version = 2;
    expect(cache.get(a)).toBeUndefined();
  });

  it('asks nothing about paths that the store surely has not', () => {
    const { cache, state } = setUp();
    expect(cache.get('a'.repeat(32))).toBeUndefined();
    expect(state.lookups).toBe(0);
  });

  it('asks about paths that it may have, each time', () => {
    const { cache, state, put } = setUp();
    state.unsure = true;
    const a = 'a'.repeat(32);
    expect(cache.get(a)).toBeUndefined();
    expect(cache.get(a)).toBeUndefined();
    expect(state.lookups).toBe(2);
    put(row('a'));
    expect(cache.get(a)).toBeDefined();
  });

  it('does not take an entry for newer than it is when a commit comes between', () => {
    let version = 1;
    let signature = 'k:old';
    const cache = createNarInfoCache({
      maxBytes: 10_000,
      source: {
        version: () => version,
        mayHave: () => true,
        lookup() {
          const found = row('a', { signatures: [signature] });
          // The commit comes after the row was read, before the answer is out.
          signature = 'k:new';
          version = 2;
          return found;
        },
      },
      render: (info) => rendered(info.signatures.join()),
    });
    expect(text(cache.get('a'))).toBe('k:old');
    expect(text(cache.get('a'))).toBe('k:new');
  });

  it('has no answer for a row that cannot be rendered', () => {
    const { cache, put } = setUp();
    expect(cache.get(put(row('a', { narSize: 0 })))).toBeUndefined();
  });

  it('stays within its bytes and drops what was not used for longest', () => {
    const { cache, state, put } = setUp(2000);
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((letter) => put(row(letter)));
    for (const hashPart of [a, b, c, a, d]) void cache.get(hashPart!);
    expect(cache.bytes).toBeLessThanOrEqual(2000);
    expect(state.renders).toBe(4);
    void cache.get(a!);
    void cache.get(d!);
    expect(state.renders).toBe(4);
    void cache.get(b!);
    expect(state.renders).toBe(5);
  });
});

describe('createNarInfoCache over a source that takes its time', () => {
  const a = 'a'.repeat(32);

  it('asks once for all who ask meanwhile, and answers at once from then on', async () => {
    const { cache, state, asked } = setUpSlow();
    const both = [cache.get(a), cache.get(a)] as const;
    asked[0]?.resolve(row('a'));
    const [first, second] = [await both[0], await both[1]];

    expect(both.every((answer) => answer instanceof Promise)).toBe(true);
    expect(first).toBe(second);
    expect(cache.get(a)).toBe(first);
    expect([asked.length, state.renders]).toEqual([1, 1]);
  });

  it('asks again when something may have changed meanwhile, and believes the later answer', async () => {
    const { cache, state, asked } = setUpSlow();
    const early = cache.get(a);
    state.version = 2;
    const late = cache.get(a);
    asked[1]?.resolve(row('a', { signatures: ['k:new'] }));
    await late;
    asked[0]?.resolve(row('a', { signatures: ['k:old'] }));
    expect((await early)?.body.toString()).toContain('k:old');
    const again = cache.get(a);
    asked[2]?.resolve(row('a', { signatures: ['k:new'] }));

    expect((await again)?.body.toString()).toContain('k:new');
    expect(text(cache.get(a))).toContain('k:new');
  });

  it('remembers neither that a path is not there nor that it could not be asked', async () => {
    const { cache, asked } = setUpSlow();
    const missing = cache.get(a);
    asked[0]?.resolve(undefined);
    expect(await missing).toBeUndefined();
    const failed = cache.get(a);
    asked[1]?.reject(new Error('no database'));
    await expect(failed).rejects.toThrow('no database');
    const found = cache.get(a);
    asked[2]?.resolve(row('a'));

    expect(await found).toBeDefined();
    expect(asked).toHaveLength(3);
  });
});
