/** Trees with everything a NAR can hold. */

import type { NarTree } from '../../src/nix/nar-writer.ts';

const file = (contents: Uint8Array | string, executable = false): NarTree => ({
  type: 'regular',
  contents: new Uint8Array(Buffer.from(contents)),
  executable,
});
const directory = (entries: Record<string, NarTree>): NarTree => ({
  type: 'directory',
  entries: new Map(Object.entries(entries)),
});

const names = [
  'b',
  'a',
  'A',
  'a b',
  'é',
  'Ａ',
  '💡',
  '.hidden',
  '...',
  'new\nline',
  '10',
  '9',
  'x'.repeat(255),
];

export const sampleTrees: Readonly<Record<string, NarTree>> = {
  'an empty file': file(''),
  'a file': file('depcontents'),
  'an executable file': file('#!/bin/sh\n', true),
  'a file of 8 bytes': file('12345678'),
  'a large file': file(Buffer.alloc(1_000_003, 'large')),
  'a symlink to nowhere': { type: 'symlink', target: '../nowhere/é' },
  'an empty directory': directory({}),
  'names in their order': directory(Object.fromEntries(names.map((name) => [name, file(name)]))),
  'a tree': directory({
    bin: directory({ run: file('#!/bin/sh\n', true), link: { type: 'symlink', target: 'run' } }),
    empty: directory({}),
    lib: directory({
      deep: directory({ deeper: directory({ file: file('x') }) }),
      blob: file('y'.repeat(5000)),
    }),
  }),
};

/** Names and targets that are not UTF-8; Nix archives them, but its JSON listing cannot say them. */
export const rawBytesTree: NarTree = directory({
  'caf\udce9': file('latin1'),
  '\udcff': { type: 'symlink', target: '\udc80\udc81' },
  café: file('utf8'),
});
