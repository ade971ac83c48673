import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogReader, type LogBook } from './create-log-reader.ts';

const file = 'ab/ab-thing.drv.1.log';
const never = new AbortController().signal;
let directory: string;
let logs: LogBook;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logs.'));
  await mkdir(join(directory, 'ab'));
  logs = createLogReader(directory);
});

afterEach(() => rm(directory, { recursive: true }));

const write = (text: string): Promise<void> => writeFile(join(directory, file), text);
const append = (text: string): Promise<void> => appendFile(join(directory, file), text);
const writeCompressed = (text: string): Promise<void> =>
  writeFile(join(directory, `${file}.zst`), zstdCompressSync(text));

async function text(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all).toString();
}

/** Reads on until this many characters have come. */
async function take(pieces: AsyncIterator<Uint8Array>, length: number): Promise<string> {
  let taken = '';
  while (taken.length < length) {
    const { value, done } = await pieces.next();
    if (done === true) break;
    taken += Buffer.from(value).toString();
  }
  return taken;
}

describe.each([
  ['a plain log', write],
  ['a compressed log', writeCompressed],
])('%s', (_, store) => {
  beforeEach(() => store('0123456789'));

  it('is told with the bytes of its content', async () => {
    expect(await logs.stat(file)).toEqual({ bytes: 10, live: false });
  });

  it.each([
    [undefined, '0123456789'],
    [{ from: 3 }, '3456789'],
    [{ to: 4 }, '0123'],
    [{ from: 3, to: 5 }, '34'],
    [{ from: 8, to: 100 }, '89'],
    [{ from: 10 }, ''],
    [{ from: 5, to: 5 }, ''],
    [{ from: 100, to: 200 }, ''],
  ])('is read in the range %j', async (range, expected) => {
    expect(await text(logs.read(file, range))).toBe(expected);
  });

  it('is over for those who follow it', async () => {
    expect(await text(logs.follow(file, 4, never))).toBe('456789');
  });

  it('is let go by a reader that leaves early', async () => {
    const pieces = logs.read(file)[Symbol.asyncIterator]();
    await pieces.next();
    await pieces.return?.();
    expect(await text(logs.read(file))).toBe('0123456789');
  });
});

describe('a log that is not there', () => {
  it.each([file, '../../etc/passwd', 'ab/../../x.log', '/etc/passwd', 'ab/x', ''])('%j', async (name) => {
    expect(await logs.stat(name)).toBeUndefined();
    expect(await text(logs.read(name))).toBe('');
    logs.began(name);
    expect(await text(logs.follow(name, 0, never))).toBe('');
  });
});

describe('a log of many pieces', () => {
  const long = Array.from({ length: 200_000 }, (_, n) => `line ${n}\n`).join('');

  it('is read whole, and from the middle', async () => {
    await writeCompressed(long);
    expect(await text(logs.read(file))).toBe(long);
    expect(await text(logs.read(file, { from: 1_000_000, to: 1_000_020 }))).toBe(
      long.slice(1_000_000, 1_000_020),
    );
  });

  it('is followed from its start by one that comes late', async () => {
    await write(long);
    logs.began(file);
    const following = text(logs.follow(file, 0, never));
    await append('the end\n');
    logs.ended(file);

    expect(await following).toBe(`${long}the end\n`);
  });
});

describe('a log under way', () => {
  beforeEach(async () => {
    await write('one\n');
    logs.began(file);
  });

  it('says so', async () => {
    expect(await logs.stat(file)).toEqual({ bytes: 4, live: true });
  });

  it('comes to all who follow it as it is written, in the same buffers, and ends with it', async () => {
    const followers = [0, 0].map((from) => logs.follow(file, from, never)[Symbol.asyncIterator]());
    expect(await Promise.all(followers.map((each) => take(each, 4)))).toEqual(['one\n', 'one\n']);

    await append('two\n');
    const pieces = await Promise.all(followers.map((each) => each.next()));
    expect(Buffer.from(pieces[0]?.value).toString()).toBe('two\n');
    expect(pieces[0]?.value.buffer).toBe(pieces[1]?.value.buffer);

    await append('three\n');
    logs.ended(file);
    expect(await Promise.all(followers.map((each) => take(each, 6)))).toEqual(['three\n', 'three\n']);
    expect(await Promise.all(followers.map((each) => each.next()))).toMatchObject([
      { done: true },
      { done: true },
    ]);
  });

  it('does not wait for a follower that does not read', async () => {
    const slow = logs.follow(file, 0, never)[Symbol.asyncIterator]();
    const fast = logs.follow(file, 0, never)[Symbol.asyncIterator]();
    await Promise.all([take(slow, 1), take(fast, 4)]);
    const line = `${'x'.repeat(99)}\n`;
    for (let n = 0; n < 20; n++) {
      await append(line.repeat(1000));
      await take(fast, 100_000);
    }
    logs.ended(file);

    expect((await take(slow, Infinity)).length).toBe(2_000_000);
  });

  it('goes on when the file is compressed while it is followed', async () => {
    const follower = logs.follow(file, 0, never)[Symbol.asyncIterator]();
    await take(follower, 4);
    await append('two\n');
    await writeCompressed('one\ntwo\n');
    await rename(join(directory, file), join(directory, 'gone'));
    logs.ended(file);

    expect(await take(follower, Infinity)).toBe('two\n');
    expect(await text(logs.follow(file, 0, never))).toBe('one\ntwo\n');
  });

  it('lets go of a follower whose signal fires', async () => {
    const abort = new AbortController();
    const follower = logs.follow(file, 4, abort.signal)[Symbol.asyncIterator]();
    const waiting = follower.next();
    abort.abort();

    expect(await waiting).toMatchObject({ done: true });
  });
});
