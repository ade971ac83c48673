import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StorePath } from '../../nix/store-path.ts';
import { dumpPath } from '../../store/dump-path.ts';
import { packedStart } from '../../store/packed-import.ts';
import type { PathInfo } from '../../store/store.ts';
import { WireReader } from '../../store/wire-reader.ts';
import { createNarBlocks } from './nar-blocks.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blocks-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A tree of three files, and what a store would know of it. */
async function sample(): Promise<{ readonly info: PathInfo; readonly nar: Buffer }> {
  const path = join(folder, 'tree');
  await mkdir(path);
  for (const name of ['a', 'b', 'c']) await writeFile(join(path, name), `${name}`.repeat(3000));
  const nar = Buffer.concat([...dumpPath(path)]);
  const info: PathInfo = {
    path: path as StorePath, // stands for one: only read from disk
    deriver: undefined,
    narHash: createHash('sha256').update(nar).digest('hex'),
    narSize: nar.length,
    references: [],
    registrationTime: 1,
    ultimate: true,
    signatures: [],
    contentAddress: '',
  };
  return { info, nar };
}

async function all(blocks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of blocks) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('createNarBlocks', () => {
  it('gives the NAR to all that want it, and reads it once', async () => {
    const { info, nar } = await sample();
    using blocks = createNarBlocks({ blockBytes: 1000 });
    const many = await Promise.all([1, 2, 3].map(() => all(blocks.blocks(info, 'plain'))));
    for (const one of many) expect(one.equals(nar)).toBe(true);
    expect(blocks.counters.read).toBe(Math.ceil(nar.length / 1000));
  });

  it('keeps no more than it may, and reads again for whoever comes late', async () => {
    const { info, nar } = await sample();
    using blocks = createNarBlocks({ blockBytes: 1000, keepBytes: 2500 });
    const slow = blocks.blocks(info, 'plain')[Symbol.asyncIterator]();
    const first = (await slow.next()).value as Uint8Array; // it has one
    expect((await all(blocks.blocks(info, 'plain'))).equals(nar)).toBe(true);
    expect(blocks.counters.kept).toBeLessThanOrEqual(2500);
    const rest = await all({ [Symbol.asyncIterator]: () => slow });
    expect(Buffer.concat([first, rest]).equals(nar)).toBe(true);
    // All of it twice, less the first block and what was still kept.
    expect(blocks.counters.read).toBeLessThan(2 * Math.ceil(nar.length / 1000));
  });

  it('packs what the protocol wants to be sent', async () => {
    const { info, nar } = await sample();
    using blocks = createNarBlocks({ blockBytes: 1000 });
    const unpacked: Buffer[] = [];
    for await (const frame of blocks.blocks(info, 'zstd')) unpacked.push(zstdDecompressSync(frame));
    const sent = new WireReader(Readable.from(unpacked, { objectMode: false }));
    const start = packedStart(info);
    expect((await sent.bytes(start.length)).equals(start)).toBe(true);
    const frames: Buffer[] = [];
    for (let left = nar.length; left > 0; left -= 1000) frames.push(await sent.bytes(await sent.u64()));
    expect(Buffer.concat(frames).equals(nar)).toBe(true);
    expect(await sent.u64()).toBe(0);
  });

  it('never gives all of a path that is not what it should be', async () => {
    const { info, nar } = await sample();
    using blocks = createNarBlocks({ blockBytes: 1000 });
    const got: Uint8Array[] = [];
    const reading = async (wrong: PathInfo) => {
      for await (const block of blocks.blocks(wrong, 'plain')) got.push(block);
    };
    await expect(reading({ ...info, narHash: '0'.repeat(64) })).rejects.toMatchObject({
      code: 'store.corrupt',
    });
    expect(Buffer.concat(got).length).toBeLessThan(nar.length);
    await expect(reading({ ...info, narSize: nar.length - 8 })).rejects.toThrow(
      `its NAR does not have the ${nar.length - 8} bytes that were promised`,
    );
    await expect(reading({ ...info, narSize: nar.length + 8 })).rejects.toMatchObject({
      code: 'store.corrupt',
    });
    await expect(reading({ ...info, path: join(folder, 'none') as StorePath })).rejects.toMatchObject({
      code: 'store.path-missing',
    });
  });

  it('leaves no file open', async () => {
    const { info } = await sample();
    const isOpen = async (): Promise<boolean> => {
      const links = await Promise.all(
        (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
      );
      return links.some((link) => link.startsWith(folder));
    };
    {
      using blocks = createNarBlocks({ blockBytes: 1000 });
      await blocks.blocks(info, 'plain')[Symbol.asyncIterator]().next();
      expect(await isOpen()).toBe(true);
    }
    expect(await isOpen()).toBe(false);
  });
});
