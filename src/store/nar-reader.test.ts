import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dumpPath } from './dump-path.ts';
import { NarReader } from './nar-reader.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'nar-reader-'));
  mkdirSync(`${dir}/sub/deep`, { recursive: true });
  writeFileSync(`${dir}/sub/deep/file`, 'x'.repeat(300));
  writeFileSync(`${dir}/sub/empty`, '');
  writeFileSync(`${dir}/run`, 'y'.repeat(13));
  chmodSync(`${dir}/run`, 0o755);
  symlinkSync('t'.repeat(3000), `${dir}/sub/link`);
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('NarReader', () => {
  it('gives the same bytes whatever is read and skipped at a time', () => {
    const whole = Buffer.concat([...dumpPath(dir)]);
    const step = fc.record({ count: fc.integer({ min: 1, max: 700 }), skip: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1 }), (steps) => {
        using reader = new NarReader(dir);
        let at = 0;
        for (let turn = 0; ; turn++) {
          const { count, skip } = steps[turn % steps.length] ?? { count: 1, skip: false };
          const into = Buffer.alloc(count);
          const got = skip ? reader.skip(count) : reader.read(into);
          if (skip) whole.copy(into, 0, at, at + got);
          expect(into.subarray(0, got)).toEqual(whole.subarray(at, at + got));
          at += got;
          if (got < count) break;
        }
        expect(at).toBe(whole.length);
      }),
    );
  });

  it('tells what the file system says of files and directories, in order, also of those it skips', () => {
    const sizes = (use: (reader: NarReader) => void): readonly (number | string)[] => {
      const seen: (number | string)[] = [];
      using reader = new NarReader(dir, (stat) => seen.push(stat.isDirectory() ? 'directory' : stat.size));
      use(reader);
      return seen;
    };
    const read = sizes((reader) => reader.read(Buffer.alloc(10_000)));

    expect(read).toEqual(['directory', 13, 'directory', 'directory', 300, 0]);
    expect(sizes((reader) => reader.skip(10_000))).toEqual(read);
  });

  it('knows how much of a file is still to come', () => {
    writeFileSync(`${dir}/run`, Buffer.alloc(100_000));
    using reader = new NarReader(`${dir}/run`);
    expect(reader.ahead).toBe(24);
    reader.read(Buffer.alloc(1000));

    expect(reader.ahead).toBeGreaterThan(99_000);
    expect(reader.ahead).toBeLessThan(100_000);
  });

  it('closes its file at the end, after a failure and when it is left', () => {
    writeFileSync(`${dir}/run`, Buffer.alloc(100_000));
    const open = (): number => readdirSync('/proc/self/fd').length;
    const before = open();
    {
      using reader = new NarReader(dir);
      reader.read(Buffer.alloc(500));
      expect(open()).toBe(before + 1);
      writeFileSync(`${dir}/run`, '');
      expect(() => reader.read(Buffer.alloc(500))).toThrow('it became shorter while it was read');
    }
    expect(open()).toBe(before);
    using whole = new NarReader(dir);
    whole.read(Buffer.alloc(10_000));
    expect(open()).toBe(before);
  });
});
