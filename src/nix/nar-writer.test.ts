import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeNar, type NarTree } from './nar-writer.ts';
import { narTreeArbitrary } from './testing/nar-tree-arbitrary.ts';
import { parseNar } from './testing/parse-nar.ts';

const file = (text = '', executable = false): NarTree => ({
  type: 'regular',
  contents: new Uint8Array(Buffer.from(text)),
  executable,
});
const directory = (entries: Record<string, NarTree>): NarTree => ({
  type: 'directory',
  entries: new Map(Object.entries(entries)),
});
const nar = (tree: NarTree): Buffer => Buffer.concat([...encodeNar(tree)]);

describe('encodeNar', () => {
  it('writes the bytes of Nix for a known file', () => {
    const bytes = nar(file('depcontents'));
    expect(bytes).toHaveLength(128);
    expect(bytes.indexOf('depcontents')).toBe(96);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(
      'e14328fa25d83df896d456bfde95192eda1a6210e57460782c4620382482ab02',
    );
  });

  it('is 112 bytes and the padded contents for a file, and 32 more when executable', () => {
    expect(nar(file())).toHaveLength(112);
    expect(nar(file('123456789'))).toHaveLength(112 + 16);
    expect(nar(file('12345678', true))).toHaveLength(112 + 8 + 32);
  });

  it('takes a file to be not executable unless said', () => {
    expect(nar({ type: 'regular', contents: new Uint8Array() })).toEqual(nar(file()));
  });

  it('sorts names by their bytes, not by their UTF-16 units', () => {
    // U+FF21 comes before U+1F4A1 in UTF-8, and after its surrogates in UTF-16.
    const names = ['💡', 'Ａ', 'b', 'B', '\udcff', 'é', 'a-', 'a'];
    const tree = directory(Object.fromEntries(names.map((name) => [name, file()])));
    const parsed = parseNar(nar(tree)).tree;
    expect(parsed.type === 'directory' && [...parsed.entries.keys()]).toEqual([
      'B',
      'a',
      'a-',
      'b',
      'é',
      'Ａ',
      '💡',
      '\udcff',
    ]);
  });

  it('passes contents on without copying', () => {
    const contents = new Uint8Array(100);
    expect([...encodeNar({ type: 'regular', contents })]).toContain(contents);
  });

  it('writes what reads as the same tree', () => {
    fc.assert(
      fc.property(narTreeArbitrary, (tree) => {
        expect(parseNar(nar(tree)).tree).toEqual(tree);
      }),
    );
  });

  it.each(['', '.', '..', 'a/b', 'a\0b', 'x'.repeat(256)])('refuses the name %j', (name) => {
    expect(() => nar(directory({ [name]: file() }))).toThrow(/^cannot write a NAR: a name (is|has) /);
  });

  it.each(['', 'a\0b', 'x'.repeat(4096)])('refuses the target %j', (target) => {
    expect(() => nar({ type: 'symlink', target })).toThrow(/^cannot write a NAR: the target of a symlink /);
  });
});
