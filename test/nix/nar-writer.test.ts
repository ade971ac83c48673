import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeBase32 } from '../../src/nix/base32.ts';
import { encodeNar, type NarTree } from '../../src/nix/nar-writer.ts';
import { parseNar } from '../../src/nix/testing/parse-nar.ts';
import { nixText, runNix } from './run-nix.ts';
import { rawBytesTree, sampleTrees } from './sample-trees.ts';
import { writeTree } from './write-tree.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'proteus-nar-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const trees: [string, NarTree][] = [
  ...Object.entries(sampleTrees),
  ['names that are not UTF-8', rawBytesTree],
];

describe('encodeNar, NarParser and nix-store --dump', () => {
  it.each(trees)('agree on %s', (what, tree) => {
    const path = join(folder, what.replaceAll(' ', '-'));
    writeTree(Buffer.from(path), tree);
    const dumped = runNix('nix-store', '--dump', path);
    const ours = Buffer.concat([...encodeNar(tree)]);
    expect(ours.equals(dumped)).toBe(true);
    const parsed = parseNar(dumped, {}, 4096);
    expect(parsed.consumed).toBe(dumped.length);
    expect(Buffer.concat([...encodeNar(parsed.tree)]).equals(dumped)).toBe(true);
    expect(encodeBase32(createHash('sha256').update(ours).digest())).toBe(
      nixText('nix-hash', '--type', 'sha256', '--base32', path),
    );
  });
});
