import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BlobStore } from '../../src/blobs/blob-store.ts';
import { openFileBlobs } from '../../src/blobs/file/open-file-blobs.ts';
import { openS3Blobs } from '../../src/blobs/s3/open-s3-blobs.ts';
import { parseS3Url } from '../../src/blobs/s3/parse-s3-url.ts';
import { startS3Server } from './s3-server.ts';

interface Place {
  readonly open: () => Promise<BlobStore>;
  readonly remove: () => Promise<void>;
}

async function fileFolder(): Promise<Place> {
  const folder = await mkdtemp(path.join(tmpdir(), 'proteus-blobs-'));
  return { open: () => openFileBlobs(folder), remove: () => rm(folder, { recursive: true }) };
}

async function s3Bucket(): Promise<Place> {
  const server = await startS3Server();
  const staging = await mkdtemp(path.join(tmpdir(), 'proteus-staging-'));
  return {
    open: () => openS3Blobs(parseS3Url(server.url('/below/this'), server.env), { staging }),
    async remove() {
      await server[Symbol.asyncDispose]();
      expect(await readdir(staging)).toEqual([]);
      await rm(staging, { recursive: true });
    },
  };
}

const places = { file: fileFolder, s3: s3Bucket } as const;

describe.each(Object.entries(places))('blobs in %s', (_name, makePlace) => {
  let place: Place;
  let blobs: BlobStore;
  beforeAll(async () => {
    place = await makePlace();
  });
  afterAll(() => place.remove());
  beforeEach(async () => {
    blobs = await place.open();
  });
  afterEach(async () => {
    for await (const { key } of blobs.list('')) await blobs.delete(key);
    await blobs[Symbol.asyncDispose]();
  });

  async function put(key: string, ...pieces: readonly Uint8Array[]): Promise<void> {
    await using writer = await blobs.create();
    for (const piece of pieces) await writer.write(piece);
    await writer.commit(key);
  }
  const get = async (key: string, range?: { start: number; end: number }): Promise<Buffer> =>
    Buffer.concat(await Array.fromAsync(blobs.read(key, range && { range })));
  const keys = async (prefix: string): Promise<readonly string[]> =>
    (await Array.fromAsync(blobs.list(prefix))).map(({ key }) => key).sort();

  it('are there whole when they have their key, and not at all before', async () => {
    await using writer = await blobs.create();
    await writer.write(Buffer.from('one '));
    await writer.write(Buffer.from('two'));
    expect(await keys('')).toEqual([]);
    expect(await blobs.stat('nar/00/a.nar')).toBeUndefined();

    await writer.commit('nar/00/a.nar');
    expect((await get('nar/00/a.nar')).toString()).toBe('one two');
    expect(await blobs.stat('nar/00/a.nar')).toMatchObject({ key: 'nar/00/a.nar', size: 7 });
  });

  it('are nothing when their writer goes without giving them a key', async () => {
    {
      await using writer = await blobs.create();
      await writer.write(Buffer.from('never mind'));
    }
    expect(await keys('')).toEqual([]);
  });

  it('are replaced in one step, and then look different', async () => {
    await put('a', Buffer.from('before'));
    const before = await blobs.stat('a');
    const again = await blobs.stat('a');
    await put('a', Buffer.from('behind'));

    expect((await get('a')).toString()).toBe('behind');
    expect(again?.look).toBe(before?.look);
    expect((await blobs.stat('a'))?.look).not.toBe(before?.look);
  });

  it('may be empty', async () => {
    await put('empty');

    expect(await get('empty')).toHaveLength(0);
    expect((await blobs.stat('empty'))?.size).toBe(0);
  });

  it('may be larger than what is read at a time, and be read in any two parts', async () => {
    const whole = Buffer.alloc(3_500_000, 'a long text with no end to it. ');
    await put('large', whole.subarray(0, 2_000_000), whole.subarray(2_000_000));
    expect((await get('large')).equals(whole)).toBe(true);
    // The S3 server here takes a last byte of 0 for none, and answers with the whole.
    expect((await get('large', { start: 0, end: 1 })).equals(whole.subarray(0, 1))).toBe(true);

    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length), async (at) => {
        const parts = [
          await get('large', { start: 0, end: at }),
          await get('large', { start: at, end: whole.length }),
        ];
        return Buffer.concat(parts).equals(whole);
      }),
      { numRuns: 20 },
    );
  });

  it('come in pieces that stay as they are', async () => {
    const whole = Buffer.alloc(2_500_000, 1);
    await put('large', whole);
    const pieces: Uint8Array[] = [];
    for await (const piece of blobs.read('large')) {
      expect(piece.every((byte) => byte === 1)).toBe(true);
      pieces.push(piece.fill(2));
    }
    expect(new Set(pieces.map(({ buffer }) => buffer)).size).toBe(pieces.length);
  });

  it('are missed by whoever reads them, and not by whoever deletes them', async () => {
    await expect(get('not/there')).rejects.toMatchObject({ code: 'blobs.missing' });
    await blobs.delete('not/there');
    await put('there', Buffer.from('x'));
    await blobs.delete('there');
    expect(await blobs.stat('there')).toBeUndefined();
  });

  it('never end early but by an error', async () => {
    await put('short', Buffer.from('short'));

    await expect(get('short', { start: 0, end: 6 })).rejects.toMatchObject({ code: 'blobs.missing' });
  });

  it('are listed by how their keys begin', async () => {
    for (const key of ['nar/00/a', 'nar/00/b', 'nar/01/a', 'nar2/x', 'top']) await put(key, Buffer.from(key));

    expect(await keys('')).toEqual(['nar/00/a', 'nar/00/b', 'nar/01/a', 'nar2/x', 'top']);
    expect(await keys('nar/')).toEqual(['nar/00/a', 'nar/00/b', 'nar/01/a']);
    expect(await keys('nar')).toEqual(['nar/00/a', 'nar/00/b', 'nar/01/a', 'nar2/x']);
    expect(await keys('nar/00/b')).toEqual(['nar/00/b']);
    expect(await keys('none/')).toEqual([]);
    const [{ size, look } = {}] = await Array.fromAsync(blobs.list('nar/00/b'));
    expect(size).toBe(8);
    expect(look).toBe((await blobs.stat('nar/00/b'))?.look);
  });

  it('stop being read, listed or made when that is aborted', async () => {
    await put('large', Buffer.alloc(3_000_000));
    const abort = new AbortController();
    const reading = blobs.read('large', { signal: abort.signal })[Symbol.asyncIterator]();
    await reading.next();
    abort.abort();

    await expect(reading.next()).rejects.toMatchObject({ name: 'AbortError' });
    await expect(blobs.create(abort.signal)).rejects.toMatchObject({ name: 'AbortError' });
    await expect(Array.fromAsync(blobs.list('', abort.signal))).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('are written by many at once, each its own, and the last one of a key stays', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => put(n < 10 ? 'shared' : `own-${n}`, Buffer.alloc(100_000, n))),
    );

    const shared = await get('shared');
    expect(shared.every((byte) => byte === shared[0])).toBe(true);
    expect((await get('own-15')).every((byte) => byte === 15)).toBe(true);
    expect(await keys('')).toHaveLength(11);
  });
});

describe('blobs in s3 alone', () => {
  it('are sent in parts when they are large', async () => {
    await using server = await startS3Server();
    await using blobs = await openS3Blobs(parseS3Url(server.url(), server.env), {
      staging: path.join(server.folder, 'staging'),
    });
    const whole = Buffer.alloc(40_000_000, 'parts of parts. ');
    await using writer = await blobs.create();
    await writer.write(whole);
    await writer.commit('large');

    expect(Buffer.concat(await Array.fromAsync(blobs.read('large'))).equals(whole)).toBe(true);
    expect((await blobs.stat('large'))?.size).toBe(whole.length);
  });

  it('are refused with wrong keys, in a bucket that is not there, and where nobody answers', async () => {
    await using server = await startS3Server();
    const staging = path.join(server.folder, 'staging');
    const attempt = (url: string, env: Readonly<Record<string, string>>) =>
      openS3Blobs(parseS3Url(url, env), { staging });
    const wrong = { ...server.env, AWS_ACCESS_KEY_ID: 'nobody' };

    const refused = { code: 'blobs.unreachable' };
    await expect(attempt(server.url(), wrong)).rejects.toMatchObject(refused);
    await expect(attempt(server.url().replace('nars', 'none'), server.env)).rejects.toMatchObject(refused);
    await expect(attempt('s3://nars?endpoint=http://127.0.0.1:59998', server.env)).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });
});
