import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeNar, type NarTree } from '../nix/nar-writer.ts';
import type { StorePath } from '../nix/store-path.ts';
import { listNar } from './list-nar.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'proteus-ls-'));
});
afterEach(() => rm(dir, { recursive: true }));

/** The walk only joins it with names, so any folder will do here. */
const inTmp = (name: string) => join(dir, name) as StorePath;

async function write(path: string, tree: NarTree): Promise<void> {
  if (tree.type === 'symlink') await symlink(tree.target, path);
  if (tree.type === 'regular') {
    await writeFile(path, tree.contents);
    if (tree.executable === true) await chmod(path, 0o755);
  }
  if (tree.type === 'directory') {
    await mkdir(path);
    for (const [name, node] of tree.entries) await write(join(path, name), node);
  }
}

const file = (text: string, executable = false): NarTree => ({
  type: 'regular',
  contents: Buffer.from(text),
  executable,
});

describe('listNar', () => {
  it('says for every file where its content is in the NAR', async () => {
    const tree: NarTree = {
      type: 'directory',
      entries: new Map<string, NarTree>([
        ['bin', { type: 'directory', entries: new Map([['run', file('#!/bin/sh\n', true)]]) }],
        ['a', file('')],
        ['empty', { type: 'directory', entries: new Map() }],
        ['link', { type: 'symlink', target: '../elsewhere' }],
        ['__proto__', file('a name like any other')],
        ['\u{1f600}', file('12345678')],
        ['\uffee', file('sorted by bytes, not by code units')],
      ]),
    };
    await write(inTmp('tree'), tree);
    const nar = Buffer.concat([...encodeNar(tree)]);
    const { version, root } = await listNar(inTmp('tree'));
    expect(version).toBe(1);
    if (root.type !== 'directory') throw new Error(`a ${root.type}`);
    expect(Object.keys(root.entries)).toEqual([
      '__proto__',
      'a',
      'bin',
      'empty',
      'link',
      '\uffee',
      '\u{1f600}',
    ]);
    expect(root.entries.link).toEqual({ type: 'symlink', target: '../elsewhere' });
    expect(root.entries.empty).toEqual({ type: 'directory', entries: {} });
    for (const [name, node] of tree.entries) {
      const listed = root.entries[name];
      if (node.type !== 'regular' || listed?.type !== 'regular') continue;
      expect(nar.subarray(listed.narOffset, listed.narOffset + listed.size)).toEqual(node.contents);
      expect(listed).not.toHaveProperty('executable');
    }
    expect(root.entries.bin).toMatchObject({ entries: { run: { size: 10, executable: true } } });
  });

  it('lists a single file, at the offset Nix says', async () => {
    await write(inTmp('file'), file('depcontents'));
    expect(await listNar(inTmp('file'))).toEqual({
      version: 1,
      root: { type: 'regular', size: 11, narOffset: 96 },
    });
  });

  it('lists a link that leads nowhere', async () => {
    await write(inTmp('link'), { type: 'symlink', target: '/nowhere' });
    expect(await listNar(inTmp('link'))).toEqual({
      version: 1,
      root: { type: 'symlink', target: '/nowhere' },
    });
  });

  it('stops when its signal fires', async () => {
    await write(inTmp('file'), file('x'));
    await expect(listNar(inTmp('file'), AbortSignal.abort())).rejects.toThrow('aborted');
  });
});
