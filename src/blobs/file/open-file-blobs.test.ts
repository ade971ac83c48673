import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFileBlobs } from './open-file-blobs.ts';
import { thisWorld, writerName } from './writer-name.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'proteus-blobs-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const writing = (): Promise<string[]> => readdir(path.join(folder, '.writing'));
const dayMs = 86_400_000;

describe('openFileBlobs', () => {
  it('removes what a dead process was writing, and leaves what a living one writes', async () => {
    await using first = await openFileBlobs(folder);
    await using writer = await first.create();
    await writer.write(Buffer.from('half'));
    const world = await thisWorld();
    const dead = spawnSync('true').pid;
    await writeFile(path.join(folder, '.writing', `${world}.${dead}.12345.1`), 'x');
    await writeFile(
      path.join(folder, '.writing', `${world}.${process.pid}.1.1`),
      'of one with our number before us',
    );

    await using _second = await openFileBlobs(folder);
    expect(await writing()).toEqual([expect.stringMatching(`^${world}\\.${process.pid}\\.`)]);
    await writer.write(Buffer.from(' and half'));
    await writer.commit('whole');
    expect(await writing()).toEqual([]);
    expect((await first.stat('whole'))?.size).toBe(13);
  });

  it('leaves what is written elsewhere until it has not grown for a day', async () => {
    await mkdir(path.join(folder, '.writing'), { recursive: true });
    for (const [name, age] of [
      ['0123456789abcdef.1.1.1', 2000],
      ['0123456789abcdef.1.1.2', 0],
    ] as const) {
      const file = path.join(folder, '.writing', name);
      await writeFile(file, 'x');
      await utimes(file, 0, 10_000 - age);
    }
    await using _ = await openFileBlobs(folder, { now: () => 8000 * 1000 + dayMs + 1 });

    expect(await writing()).toEqual(['0123456789abcdef.1.1.2']);
  });

  it('reads a file of many pieces into few buffers, and keeps each piece until the next but one is asked for', async () => {
    await using blobs = await openFileBlobs(folder);
    const content = Buffer.from(Uint32Array.from({ length: 800_000 }, (_, at) => at).buffer);
    await writeFile(path.join(folder, 'big'), content);
    const memory = new Set<ArrayBufferLike>();
    let before: { readonly piece: Uint8Array; readonly at: number } | undefined;
    let at = 1000;
    for await (const piece of blobs.read('big', { range: { start: at, end: content.length }, reuse: true })) {
      memory.add(piece.buffer);
      // What is being read now has the time to come into the wrong place.
      await new Promise((resolve) => setTimeout(resolve, 20));
      for (const held of [before ?? { piece, at }, { piece, at }]) {
        expect(content.subarray(held.at, held.at + held.piece.length).equals(held.piece)).toBe(true);
      }
      before = { piece, at };
      at += piece.length;
    }

    expect(at).toBe(content.length);
    expect(memory.size).toBe(3);
    const own = await Array.fromAsync(blobs.read('big'));
    expect(Buffer.concat(own).equals(content)).toBe(true);
    expect(new Set(own.map(({ buffer }) => buffer)).size).toBe(own.length);
  });

  it('never follows a link', async () => {
    await using blobs = await openFileBlobs(folder);
    await symlink('/etc/hostname', path.join(folder, 'link'));

    await expect(Array.fromAsync(blobs.read('link'))).rejects.toMatchObject({ code: 'blobs.missing' });
    expect(await Array.fromAsync(blobs.list(''))).toEqual([]);
  });

  it('says where the file of a key is, and refuses what is no key', async () => {
    await using blobs = await openFileBlobs(folder);

    expect(blobs.fileOf('nar/00/x.nar')).toBe(path.join(folder, 'nar/00/x.nar'));
    expect(() => blobs.fileOf('../x')).toThrow(TypeError);
    await using writer = await blobs.create();
    await expect(writer.commit('a/../../b')).rejects.toThrow(TypeError);
  });

  it('says why a folder cannot be used', async () => {
    await writeFile(path.join(folder, 'file'), '');

    await expect(openFileBlobs(path.join(folder, 'file'))).rejects.toMatchObject({
      code: 'blobs.missing',
      message: expect.stringContaining(`cannot make the folder ${folder}/file/.writing`),
    });
  });

  it('gives other names to all writers of a process', async () => {
    const [one, two] = [await writerName(), await writerName()];

    expect(new Set([one(), two(), one(), two()]).size).toBe(4);
  });
});
