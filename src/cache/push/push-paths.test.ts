import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { ProteusEvent } from '../../events/event.ts';
import { formatBareHash } from '../../nix/hash.ts';
import type { PathInfo } from '../../store/store.ts';
import { AppError } from '../../util/app-error.ts';
import { openTestSite, type SampleUpload, sampleUpload, type TestSite } from '../testing/test-site.ts';
import { createCacheClient } from './cache-client.ts';
import { type PushDeps, pushPaths } from './push-paths.ts';

const cleanup: (() => PromiseLike<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).reverse()) await end();
});

function infoOf({ path, info, nar }: SampleUpload): PathInfo {
  return {
    path,
    deriver: undefined,
    narHash: formatBareHash(info.narHash, 'base16'),
    narSize: nar.length,
    references: info.references,
    registrationTime: 1,
    ultimate: true,
    signatures: [],
    contentAddress: '',
  };
}

/** A chain: each refers to the one before it. */
function chain(length: number): readonly SampleUpload[] {
  const samples: SampleUpload[] = [];
  for (let n = 0; n < length; n++) {
    const before = samples.at(-1);
    samples.push(sampleUpload(`p${n}`, before === undefined ? [] : [before.path]));
  }
  return samples;
}

async function setUp(samples: readonly SampleUpload[], change: Partial<PushDeps> = {}) {
  const site: TestSite = await openTestSite();
  cleanup.push(() => site[Symbol.asyncDispose]());
  const cache = await site.cache('team');
  const token = await site.token(cache.id);
  const folder = await mkdtemp(path.join(tmpdir(), 'proteus-push-test-'));
  cleanup.push(() => rm(folder, { recursive: true }));
  const events: ProteusEvent[] = [];
  const read: string[] = [];
  const nars = new Map(samples.map((sample) => [sample.path, sample.nar]));
  const signal = change.signal ?? new AbortController().signal;
  const deps: PushDeps = {
    client: createCacheClient({ url: `${site.url}/c/team`, token, signal, wait: async () => {} }),
    async *nar(info) {
      read.push(info.path);
      yield nars.get(info.path) ?? Buffer.alloc(0);
    },
    folder,
    atOnce: 3,
    emit: (event) => events.push(event),
    signal,
    ...change,
  };
  const count = () => site.database.cachePaths.count(cache.id);
  return { site, cache, folder, events, read, deps, count, infos: samples.map(infoOf) };
}

describe('pushPaths', () => {
  it('sends what is missing, and nothing the next time', async () => {
    const { infos, deps, events, read, count, folder } = await setUp(chain(10));
    expect(await pushPaths(infos.slice(0, 4), deps)).toMatchObject({ paths: 4, alreadyThere: 0 });
    events.length = 0;
    read.length = 0;
    const bytes = infos.slice(4).reduce((sum, info) => sum + info.narSize, 0);

    expect(await pushPaths(infos, deps)).toEqual({ paths: 6, bytes, alreadyThere: 4 });
    expect(read).toHaveLength(6);
    expect(await count()).toBe(10);
    expect(events[0]).toEqual({ type: 'copy.started', to: deps.client.url, paths: 6, bytes });
    expect(events.at(-2)).toEqual({ type: 'copy.progress', to: deps.client.url, paths: 6, bytes });
    expect(events.at(-1)).toMatchObject({ type: 'copy.done', paths: 6, bytes });
    expect(await pushPaths(infos, deps)).toEqual({ paths: 0, bytes: 0, alreadyThere: 10 });
    expect(read).toHaveLength(6);
    expect(await readdir(folder)).toEqual([]);
  });

  it('leaves what was sent whole when one cannot be read, and sends the rest the next time', async () => {
    const samples = chain(8);
    const { infos, deps, count, folder } = await setUp(samples, { atOnce: 1 });
    const failing: PushDeps = {
      ...deps,
      async *nar(info) {
        if (info.path === samples[5]?.path) throw new AppError('store.corrupt', 'a flipped bit');
        yield* deps.nar(info);
      },
    };

    await expect(pushPaths(infos, failing)).rejects.toMatchObject({ code: 'store.corrupt' });
    expect(await count()).toBe(5);
    expect(await readdir(folder)).toEqual([]);
    expect(await pushPaths(infos, deps)).toMatchObject({ paths: 3, alreadyThere: 5 });
  });

  it('sends nothing that is not what the store says', async () => {
    const [sample = sampleUpload('x')] = chain(1);
    const { deps, count } = await setUp([sample]);
    const lying = { ...infoOf(sample), narHash: '0'.repeat(64) };

    await expect(pushPaths([lying], deps)).rejects.toMatchObject({
      code: 'cache.upload-refused',
      message: expect.stringContaining('its NarHash is'),
    });
    expect(await count()).toBe(0);
  });

  it('ends when it is interrupted', async () => {
    const controller = new AbortController();
    const samples = chain(5);
    const { infos, deps, folder } = await setUp(samples, { signal: controller.signal, atOnce: 2 });
    const hanging: PushDeps = {
      ...deps,
      async *nar(info) {
        yield* deps.nar(info);
        if (info.path !== samples[2]?.path) return;
        setImmediate(() => controller.abort());
        await new Promise((resolve) => controller.signal.addEventListener('abort', resolve));
      },
    };

    await expect(pushPaths(infos, { ...hanging })).rejects.toMatchObject({ code: 'interrupted' });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('createCacheClient', () => {
  it('says what the cache says of a token', async () => {
    const { site, cache, deps } = await setUp([]);
    const client = (token: string | undefined) =>
      createCacheClient({ url: `${site.url}/c/team/`, token, signal: deps.signal });

    await expect(client(undefined).mayPush()).rejects.toMatchObject({
      code: 'cache.unauthorized',
      message: 'uploading needs a token that may push to this cache',
    });
    await expect(client(await site.token(cache.id, false)).mayPush()).rejects.toMatchObject({
      code: 'cache.forbidden',
    });
    await deps.client.mayPush();
  });

  it('tries again what may have gone wrong on the way, and nothing else', async () => {
    const statuses = [503, 0, 200];
    const waits: number[] = [];
    const answers = async (): Promise<Response> => {
      const status = statuses.shift();
      if (status === 0) throw new TypeError('fetch failed', { cause: new Error('ECONNRESET') });
      return new Response('{"missing":[]}', { status: status ?? 500 });
    };
    const client = createCacheClient({
      url: 'http://cache/c/team',
      token: undefined,
      signal: new AbortController().signal,
      fetch: answers,
      wait: async (ms) => void waits.push(ms),
    });

    expect(await client.missing(['0'.repeat(32)])).toEqual(new Set());
    expect(waits).toEqual([500, 1000]);
    await expect(client.missing(['0'.repeat(32)])).rejects.toMatchObject({ code: 'server.refused' });
    statuses.push(0, 0, 0, 0, 0);
    await expect(client.missing(['0'.repeat(32)])).rejects.toMatchObject({
      code: 'server.unreachable',
      message: 'no cache answers at http://cache/c/team: ECONNRESET',
    });
    expect(waits).toHaveLength(6);
  });

  it('wants the URL of a cache', () => {
    const signal = new AbortController().signal;
    for (const url of ['', 'cache', 'ftp://x', 'http://'])
      expect(() => createCacheClient({ url, token: undefined, signal })).toThrow('wanted the URL of a cache');
  });
});
