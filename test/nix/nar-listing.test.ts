import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { narListing } from '../../src/nix/nar-listing.ts';
import { NarParser } from '../../src/nix/nar-parser.ts';
import { encodeNar } from '../../src/nix/nar-writer.ts';
import { nixText } from './run-nix.ts';
import { sampleTrees } from './sample-trees.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'proteus-listing-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('narListing and nix nar ls', () => {
  it.each(Object.entries(sampleTrees))('agree on %s', (_what, tree) => {
    const nar = Buffer.concat([...encodeNar(tree)]);
    const builder = narListing();
    new NarParser(builder.handler).push(nar);
    const file = join(folder, 'x.nar');
    writeFileSync(file, nar);
    const listed: unknown = JSON.parse(nixText('nix', 'nar', 'ls', '--json', '--recursive', file, '/'));
    expect(JSON.parse(JSON.stringify(builder.listing().root))).toEqual(listed);
  });
});
