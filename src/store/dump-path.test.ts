import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NarParser } from '../nix/nar-parser.ts';
import { dumpPath } from './dump-path.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'dump-path-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** What the NAR says is there, in its order. */
function contents(target: string): unknown[] {
  const said: unknown[] = [];
  const file: Uint8Array[] = [];
  const parser = new NarParser({
    directoryStart: (at) => said.push([at.join('/'), 'directory']),
    regular: (at, { size, executable }) => said.push([at.join('/'), size, executable]),
    fileChunk: (_at, chunk) => file.push(Buffer.from(chunk)),
    fileEnd: () => said.push(Buffer.concat(file.splice(0)).toString('latin1').slice(0, 20)),
    symlink: (at, to) => said.push([at.join('/'), '->', to]),
  });
  for (const piece of dumpPath(target)) expect(parser.push(piece)).toBe(piece.length);
  parser.finish();
  return said;
}

describe('dumpPath', () => {
  it('has the size and bytes of the known example', () => {
    writeFileSync(`${dir}/dep`, 'depcontents');
    const nar = Buffer.concat([...dumpPath(`${dir}/dep`)]);
    expect(nar.length).toBe(128);
    expect(nar.subarray(96, 107).toString()).toBe('depcontents');
  });

  it('tells a tree in the order of its bytes', () => {
    // In UTF-16 the second of these would come first; in bytes it is the other way round.
    for (const name of ['\u{1F600}', '\uFF5E', 'b', 'B', 'a.b', 'a', 'a-']) {
      writeFileSync(`${dir}/${name}`, name);
    }
    const names = contents(dir).flatMap((entry) =>
      Array.isArray(entry) && entry[0] !== '' ? [entry[0]] : [],
    );
    expect(names).toEqual(['B', 'a', 'a-', 'a.b', 'b', '\uFF5E', '\u{1F600}']);
  });

  it('tells directories, symlinks, empty files and the executable bit of the owner', () => {
    mkdirSync(`${dir}/empty`);
    symlinkSync('../nowhere', `${dir}/link`);
    writeFileSync(`${dir}/none`, '');
    writeFileSync(`${dir}/run`, 'x');
    chmodSync(`${dir}/run`, 0o744);
    writeFileSync(`${dir}/stay`, 'y');
    chmodSync(`${dir}/stay`, 0o611);
    expect(contents(dir)).toEqual([
      ['', 'directory'],
      ['empty', 'directory'],
      ['link', '->', '../nowhere'],
      ['none', 0, false],
      '',
      ['run', 1, true],
      'x',
      ['stay', 1, false],
      'y',
    ]);
  });

  it('keeps pieces small, each of its own memory', () => {
    writeFileSync(`${dir}/large`, Buffer.alloc(1_000_000, 1));
    for (let i = 0; i < 2000; i++) writeFileSync(`${dir}/small-${i}`, 'x'.repeat(i % 100));
    const pieces = [...dumpPath(dir)];
    expect(Math.max(...pieces.map((piece) => piece.length))).toBe(256 * 1024);
    expect(new Set(pieces.map((piece) => piece.buffer)).size).toBe(pieces.length);
    expect(pieces.length).toBeGreaterThan(5);
    contents(dir);
  });

  it('names what is neither file nor symlink nor directory', () => {
    spawnSync('mkfifo', [`${dir}/pipe`]);
    expect(() => [...dumpPath(dir)]).toThrow(
      expect.objectContaining({
        code: 'store.corrupt',
        message: expect.stringContaining(`${dir}/pipe: it is neither a file`),
      }),
    );
  });

  it('says that nothing is there', () => {
    expect(() => [...dumpPath(`${dir}/nothing`)]).toThrow(
      expect.objectContaining({ code: 'store.path-missing', message: `${dir}/nothing is not there` }),
    );
  });

  it('refuses a file that becomes shorter while it is read', () => {
    writeFileSync(`${dir}/shrinks`, Buffer.alloc(1_000_000));
    const pieces = dumpPath(`${dir}/shrinks`);
    pieces.next();
    pieces.next();
    writeFileSync(`${dir}/shrinks`, 'short');
    expect(() => [...pieces]).toThrow('it became shorter while it was read');
  });
});
