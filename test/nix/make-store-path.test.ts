import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Hash, HashAlgorithm } from '../../src/nix/hash.ts';
import { makeFixedOutputPath, makeTextPath } from '../../src/nix/make-store-path.ts';
import { encodeNar } from '../../src/nix/nar-writer.ts';
import { parseDerivation } from '../../src/nix/parse-derivation.ts';
import { isDerivationPath, parseStorePath, storePathName } from '../../src/nix/store-path.ts';
import { nixText } from './run-nix.ts';
import { sampleTrees } from './sample-trees.ts';
import { writeTree } from './write-tree.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'proteus-paths-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function hashOf(data: Uint8Array, algorithm: HashAlgorithm = 'sha256'): Hash {
  return { algorithm, bytes: createHash(algorithm).update(data).digest() };
}
const evaluate = (expression: string): string =>
  JSON.parse(
    nixText('nix-instantiate', '--eval', '--json', '--strict', '--read-write-mode', '--expr', expression),
  );

describe('store paths that we and Nix compute', () => {
  it('agree on text', () => {
    const a = parseStorePath(evaluate('builtins.toFile "a" "text"'));
    expect(makeTextPath('a', hashOf(Buffer.from('text')))).toBe(a);
    const b = evaluate('builtins.toFile "b" (builtins.toFile "a" "text")');
    expect(makeTextPath('b', hashOf(Buffer.from(a)), [a])).toBe(b);
  });

  it('agree on derivations, which are text with their inputs as references', () => {
    const drvPath = parseStorePath(
      nixText(
        'nix-instantiate',
        '--expr',
        'derivation { name = "x"; system = "s"; builder = builtins.toFile "b" ""; c = builtins.toFile "c" ""; }',
      ),
    );
    expect(isDerivationPath(drvPath)).toBe(true);
    const bytes = readFileSync(drvPath);
    const { inputSources, inputDerivations } = parseDerivation(bytes, drvPath);
    const references = [...inputDerivations.keys(), ...inputSources].reverse();
    expect(references).toHaveLength(2);
    expect(makeTextPath(storePathName(drvPath), hashOf(bytes), references)).toBe(drvPath);
  });

  it.each(Object.entries(sampleTrees))('agree on what is added: %s', (what, tree) => {
    const name = what.replaceAll(' ', '-');
    const path = join(folder, name);
    writeTree(Buffer.from(path), tree);
    const hash = hashOf(Buffer.concat([...encodeNar(tree)]));
    expect(makeFixedOutputPath({ name, method: 'nar', hash })).toBe(nixText('nix-store', '--add', path));
  });

  it.each(['md5', 'sha1', 'sha256', 'sha512'] as const)(
    'agree on fixed content hashed by %s',
    (algorithm) => {
      const path = join(folder, `fixed-${algorithm}`);
      writeFileSync(path, algorithm);
      const flat = hashOf(Buffer.from(algorithm), algorithm);
      expect(makeFixedOutputPath({ name: `fixed-${algorithm}`, method: 'flat', hash: flat })).toBe(
        nixText('nix-store', '--add-fixed', algorithm, path),
      );
      const nar = Buffer.concat([...encodeNar({ type: 'regular', contents: Buffer.from(algorithm) })]);
      expect(
        makeFixedOutputPath({ name: `fixed-${algorithm}`, method: 'nar', hash: hashOf(nar, algorithm) }),
      ).toBe(nixText('nix-store', '--add-fixed', '--recursive', algorithm, path));
    },
  );
});
