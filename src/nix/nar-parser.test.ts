import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NarLimits, NarParser } from './nar-parser.ts';
import { narMagic, narString } from './nar-tokens.ts';
import { encodeNar, type NarTree } from './nar-writer.ts';
import { narTreeArbitrary } from './testing/nar-tree-arbitrary.ts';
import { parseNar } from './testing/parse-nar.ts';

/** A NAR out of words; a Buffer goes in as it is. */
function nar(...words: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat([
    narMagic,
    ...words.map((word) => (typeof word === 'string' ? narString(word) : word)),
  ]);
}

const emptyFile = ['(', 'type', 'regular', 'contents', '', ')'] as const;
const entry = (name: string, ...node: readonly (string | Buffer)[]) => [
  'entry',
  '(',
  'name',
  name,
  'node',
  ...node,
  ')',
];
const directory = (...words: readonly (string | Buffer)[]) => nar('(', 'type', 'directory', ...words, ')');
const nested = (levels: number): NarTree =>
  levels === 1
    ? { type: 'regular', contents: new Uint8Array() }
    : { type: 'directory', entries: new Map([['d', nested(levels - 1)]]) };
const written = (tree: NarTree): Buffer => Buffer.concat([...encodeNar(tree)]);

function refusal(bytes: Buffer, limits: NarLimits = {}, step?: number): unknown {
  try {
    parseNar(bytes, limits, step);
  } catch (error) {
    return error;
  }
  throw new Error('the NAR was accepted');
}

describe('NarParser', () => {
  it('tells what the archive holds, in its order', () => {
    const events: unknown[] = [];
    const parser = new NarParser({
      directoryStart: (path) => void events.push(['directoryStart', path]),
      directoryEnd: (path) => void events.push(['directoryEnd', path]),
      regular: (path, file) => void events.push(['regular', path, file]),
      fileChunk: (path, chunk) => void events.push(['fileChunk', path, Buffer.from(chunk).toString()]),
      fileEnd: (path) => void events.push(['fileEnd', path]),
      symlink: (path, target) => void events.push(['symlink', path, target]),
    });
    const tree: NarTree = {
      type: 'directory',
      entries: new Map<string, NarTree>([
        [
          'bin',
          {
            type: 'directory',
            entries: new Map([['run', { type: 'regular', contents: Buffer.from('#!'), executable: true }]]),
          },
        ],
        ['empty', { type: 'regular', contents: new Uint8Array() }],
        ['link', { type: 'symlink', target: '../x' }],
      ]),
    };
    const bytes = written(tree);
    parser.push(bytes);
    parser.finish();
    expect(parser.offset).toBe(bytes.length);
    expect(events).toEqual([
      ['directoryStart', []],
      ['directoryStart', ['bin']],
      ['regular', ['bin', 'run'], { size: 2, executable: true, narOffset: bytes.indexOf('#!') }],
      ['fileChunk', ['bin', 'run'], '#!'],
      ['fileEnd', ['bin', 'run']],
      ['directoryEnd', ['bin']],
      ['regular', ['empty'], { size: 0, executable: false, narOffset: expect.any(Number) }],
      ['fileEnd', ['empty']],
      ['symlink', ['link'], '../x'],
      ['directoryEnd', []],
    ]);
  });

  it('reads the same in pieces of any size', () => {
    fc.assert(
      fc.property(narTreeArbitrary, fc.integer({ min: 1, max: 40 }), (tree, step) => {
        expect(parseNar(written(tree), {}, step).tree).toEqual(tree);
      }),
    );
  });

  it('stops exactly at the end, and takes nothing after it', () => {
    fc.assert(
      fc.property(narTreeArbitrary, fc.uint8Array({ minLength: 1 }), fc.nat(30), (tree, rest, step) => {
        const bytes = written(tree);
        const stream = Buffer.concat([bytes, rest]);
        expect(parseNar(stream, {}, step + 1).consumed).toBe(bytes.length);
      }),
    );
    const parser = new NarParser({});
    expect(parser.push(Buffer.concat([nar(...emptyFile), nar(...emptyFile)]))).toBe(112);
    expect(parser.done).toBe(true);
    expect(parser.push(Buffer.from('more'))).toBe(0);
  });

  it('is not done with less', () => {
    const bytes = written(nested(3));
    for (let length = 0; length < bytes.length; length++) {
      const parser = new NarParser({}, { what: 'cut' });
      expect(parser.push(bytes.subarray(0, length))).toBe(length);
      expect(parser.done).toBe(false);
      expect(() => parser.finish()).toThrow(new RegExp(`^cut, byte ${length}, in ".*": it ends too early$`));
    }
  });

  it('keeps names and targets that are not UTF-8', () => {
    const bytes = directory(...entry('\udcff', '(', 'type', 'symlink', 'target', '\udc80', ')'));
    expect(parseNar(bytes).tree).toEqual({
      type: 'directory',
      entries: new Map([['\udcff', { type: 'symlink', target: '\udc80' }]]),
    });
  });

  it('keeps the last name when its chunk is written over', () => {
    const bytes = directory(...entry('b', ...emptyFile), ...entry('a', ...emptyFile));
    const parser = new NarParser({});
    const half = bytes.indexOf('b') + 8;
    const chunk = Buffer.from(bytes.subarray(0, half));
    parser.push(chunk);
    chunk.fill(0);
    expect(() => parser.push(bytes.subarray(half))).toThrow('the name "a" comes after "b"');
  });
});

describe('NarParser refuses', () => {
  it.each<[string, Buffer, string]>([
    [
      'another format',
      Buffer.from('PK\x03\x04 and some more'),
      'NAR, byte 0, in "/": a length is larger than 2^53',
    ],
    ['another magic', narString('nix-archive-2'), 'wanted "nix-archive-1", got "nix-archive-2"'],
    ['no node', nar('x'), 'NAR, byte 24, in "/": wanted "(", got "x"'],
    ['no type', nar('(', 'contents'), 'wanted "type", got "contents"'],
    ['an unknown type', nar('(', 'type', 'fifo'), 'wanted "regular" or "symlink" or "directory", got "fifo"'],
    ['a file without contents', nar('(', 'type', 'regular', ')'), 'wanted "contents", got ")"'],
    [
      'executable twice',
      nar('(', 'type', 'regular', 'executable', '', 'executable', ''),
      'wanted "contents"',
    ],
    ['a value of executable', nar('(', 'type', 'regular', 'executable', '1'), 'wanted "", got "1"'],
    [
      'a file that goes on',
      nar('(', 'type', 'regular', 'contents', 'abc', 'contents'),
      'wanted ")", got "contents"',
    ],
    ['a symlink without target', nar('(', 'type', 'symlink', ')'), 'wanted "target", got ")"'],
    ['a symlink that goes on', nar('(', 'type', 'symlink', 'target', 'x', 'x'), 'wanted ")", got "x"'],
    ['an empty target', nar('(', 'type', 'symlink', 'target', ''), 'the target of a symlink is empty'],
    [
      'NUL in a target',
      nar('(', 'type', 'symlink', 'target', 'a\0'),
      'the target of a symlink has a NUL byte',
    ],
    [
      'a long target',
      nar('(', 'type', 'symlink', 'target', 'x'.repeat(4096)),
      'at most 4095 bytes, got 4096',
    ],
    ['an empty name', directory(...entry('')), 'a name is empty'],
    ['the name .', directory(...entry('.')), 'a name is "." or ".."'],
    ['the name ..', directory(...entry('..')), 'a name is "." or ".."'],
    ['a slash in a name', directory(...entry('a/b')), 'a name has a slash'],
    ['NUL in a name', directory(...entry('a\0b')), 'a name has a NUL byte'],
    ['a long name', directory(...entry('x'.repeat(256))), 'at most 255 bytes, got 256'],
    ['a name twice', directory(...entry('a', ...emptyFile), ...entry('a')), 'the name "a" comes after "a"'],
    [
      'names out of order',
      directory(...entry('b', ...emptyFile), ...entry('a')),
      'the name "a" comes after "b"',
    ],
    [
      'names in the order of UTF-16',
      directory(...entry('💡', ...emptyFile), ...entry('Ａ')),
      'the name "Ａ" comes after "💡"',
    ],
    ['no entry', directory('x'), 'wanted "entry" or ")", got "x"'],
    ['an entry without (', directory('entry', 'name'), 'wanted "(", got "name"'],
    ['an entry without a name', directory('entry', '(', 'node'), 'wanted "name", got "node"'],
    ['an entry without a node', directory('entry', '(', 'name', 'a', ')'), 'wanted "node", got ")"'],
    [
      'an entry that goes on',
      directory('entry', '(', 'name', 'a', 'node', ...emptyFile, 'x'),
      'in "/a": wanted ")", got "x"',
    ],
    ['a word longer than any', nar('x'.repeat(17)), 'wanted a token of at most 16 bytes, got 17'],
    [
      'padding of a token',
      nar(Buffer.from('0100000000000000280000000000ff00', 'hex')),
      'the padding is not zero',
    ],
    [
      'padding of a file',
      nar('(', 'type', 'regular', 'contents', Buffer.from('010000000000000061000000000000ff', 'hex')),
      'the padding is not zero',
    ],
  ])('%s', (_what, bytes, message) => {
    for (const step of [1, 8, bytes.length]) {
      expect(refusal(bytes, {}, step)).toMatchObject({
        code: 'nix.nar-invalid',
        message: expect.stringContaining(message),
      });
    }
  });

  it('says where it is', () => {
    const bytes = directory(...entry('a', '(', 'type', 'directory', ...entry('b', '(', 'type', 'fifo')));
    expect(refusal(bytes, { what: 'x.nar' })).toMatchObject({
      message: `x.nar, byte ${bytes.indexOf('fifo') - 8}, in "/a/b": wanted "regular" or "symlink" or "directory", got "fifo"`,
    });
  });

  it('more than 64 levels, or as many as it is told', () => {
    expect(parseNar(written(nested(64))).consumed).toBeGreaterThan(0);
    expect(refusal(written(nested(65)))).toMatchObject({
      message: expect.stringContaining('more than 64 levels'),
    });
    expect(refusal(written(nested(3)), { maxDepth: 2 })).toMatchObject({
      message: expect.stringContaining('in "/d/d": it has more than 2 levels'),
    });
    expect(parseNar(written(nested(100)), { maxDepth: 100 }).consumed).toBeGreaterThan(0);
  });

  it('more bytes than it is told, before they come', () => {
    const bytes = written({ type: 'regular', contents: new Uint8Array(1000) });
    expect(parseNar(bytes, { maxSize: bytes.length }).consumed).toBe(bytes.length);
    const parser = new NarParser({}, { maxSize: 1000 });
    expect(() => parser.push(bytes.subarray(0, 96))).toThrow('it has more than 1000 bytes');
    const symlink = written({ type: 'symlink', target: 'x' });
    expect(refusal(symlink, { maxSize: symlink.length - 1 })).toMatchObject({
      message: `NAR, byte ${symlink.length - 16}, in "/": it has more than ${symlink.length - 1} bytes`,
    });
    expect(refusal(written(nested(10)), { maxSize: 500 })).toMatchObject({
      message: expect.stringContaining('it has more than 500 bytes'),
    });
  });

  it('more nodes than it is told', () => {
    expect(parseNar(written(nested(5)), { maxNodes: 5 }).consumed).toBeGreaterThan(0);
    expect(refusal(written(nested(6)), { maxNodes: 5 })).toMatchObject({
      message: expect.stringContaining('it has more than 5 nodes'),
    });
  });

  it('every damage, or reads it as another tree that is written like that', () => {
    fc.assert(
      fc.property(narTreeArbitrary, fc.nat(), fc.integer({ min: 1, max: 255 }), (tree, position, change) => {
        const bytes = written(tree);
        const at = position % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ change;
        // Accepted: it must be written like that. Refused: with our own code, not by a bug.
        const outcome = (() => {
          try {
            const { tree: read, consumed } = parseNar(bytes);
            return written(read).equals(bytes.subarray(0, consumed));
          } catch (error) {
            return error;
          }
        })();
        expect([true, expect.objectContaining({ code: 'nix.nar-invalid' })]).toContainEqual(outcome);
      }),
      { numRuns: 500 },
    );
  });
});
