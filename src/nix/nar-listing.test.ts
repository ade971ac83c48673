import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NarListing, type NarListingNode, narListing } from './nar-listing.ts';
import { NarParser } from './nar-parser.ts';
import { encodeNar, type NarTree } from './nar-writer.ts';
import { narTreeArbitrary } from './testing/nar-tree-arbitrary.ts';

function listingOf(nar: Uint8Array): NarListing {
  const builder = narListing();
  const parser = new NarParser(builder.handler);
  parser.push(nar);
  parser.finish();
  return builder.listing();
}

const written = (tree: NarTree): Buffer => Buffer.concat([...encodeNar(tree)]);

describe('narListing', () => {
  it('is the JSON of a .ls file', () => {
    const nar = written({
      type: 'directory',
      entries: new Map<string, NarTree>([
        [
          'bin',
          {
            type: 'directory',
            entries: new Map([['ls', { type: 'regular', contents: Buffer.from('ELF'), executable: true }]]),
          },
        ],
        ['l', { type: 'symlink', target: '..' }],
        ['t', { type: 'regular', contents: Buffer.from('text') }],
      ]),
    });
    expect(JSON.stringify(listingOf(nar))).toBe(
      '{"version":1,"root":{"type":"directory","entries":{"bin":{"type":"directory","entries":{"ls":' +
        `{"type":"regular","size":3,"executable":true,"narOffset":${nar.indexOf('ELF')}}}},` +
        '"l":{"type":"symlink","target":".."},' +
        `"t":{"type":"regular","size":4,"narOffset":${nar.indexOf('text\0')}}}}}`,
    );
  });

  it('has a file at its root where the path is one', () => {
    expect(listingOf(written({ type: 'regular', contents: Buffer.from('x') }))).toEqual({
      version: 1,
      root: { type: 'regular', size: 1, narOffset: 96 },
    });
  });

  it('keeps names that objects of JS treat in their own way', () => {
    const names = ['__proto__', 'constructor', 'toString'];
    const file: NarTree = { type: 'regular', contents: new Uint8Array() };
    const { root } = listingOf(
      written({ type: 'directory', entries: new Map(names.map((name) => [name, file])) }),
    );
    expect(root.type === 'directory' && Object.keys(root.entries)).toEqual(names);
  });

  it('is not there before the archive is read', () => {
    const builder = narListing();
    expect(() => builder.listing()).toThrow('not been read to its end');
    builder.handler.directoryStart([]);
    expect(() => builder.listing()).toThrow('not been read to its end');
  });

  it('says of every file where its contents are', () => {
    /** The tree that the listing describes, with the contents that are where it says. */
    const described = (nar: Buffer, node: NarListingNode): NarTree => {
      switch (node.type) {
        case 'regular': {
          const contents = nar.subarray(node.narOffset, node.narOffset + node.size);
          return {
            type: 'regular',
            contents: new Uint8Array(contents),
            executable: node.executable ?? false,
          };
        }
        case 'symlink':
          return node;
        case 'directory': {
          const entries = Object.entries(node.entries);
          return {
            type: 'directory',
            entries: new Map(entries.map(([name, child]) => [name, described(nar, child)])),
          };
        }
      }
    };
    fc.assert(
      fc.property(narTreeArbitrary, (tree) => {
        const nar = written(tree);
        expect(described(nar, listingOf(nar).root)).toEqual(tree);
      }),
    );
  });
});
