import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeByteString } from './byte-string.ts';
import type { Derivation } from './derivation.ts';
import { parseDerivation } from './parse-derivation.ts';
import { printDerivation } from './print-derivation.ts';
import { storePathFromBaseName } from './store-path.ts';

const storePath = fc
  .tuple(
    fc.string({
      unit: fc.constantFrom(...'0123456789abcdfghijklmnpqrsvwxyz'.split('')),
      minLength: 32,
      maxLength: 32,
    }),
    fc.string({ unit: fc.constantFrom(...'abXY019+-_?='.split('')), minLength: 1, maxLength: 20 }),
  )
  .map(([hash, name]) => storePathFromBaseName(`${hash}-${name}`));
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom('"', '\\', '\n', '\r', '\t', ',', ')', ']', 'n', 'é', '\0') }),
  fc.uint8Array({ maxLength: 20 }).map(decodeByteString),
);
const output = fc.record({
  path: fc.option(storePath, { nil: undefined }),
  hashAlgorithm: text,
  hash: text,
});
const derivation: fc.Arbitrary<Derivation> = fc.record({
  outputs: fc.array(fc.tuple(text, output), { maxLength: 3 }).map((entries) => new Map(entries)),
  inputDerivations: fc
    .array(fc.tuple(storePath, fc.array(text, { maxLength: 3 })), { maxLength: 3 })
    .map((entries) => new Map(entries)),
  inputSources: fc.array(storePath, { maxLength: 3 }),
  platform: text,
  builder: text,
  args: fc.array(text, { maxLength: 3 }),
  env: fc.array(fc.tuple(text, text), { maxLength: 5 }).map((entries) => new Map(entries)),
});

const out = storePathFromBaseName('5k2r78dr3fdr14rll13sm5dmjb5fpw3r-hello');

describe('printDerivation', () => {
  it('writes the form of Nix', () => {
    const drv: Derivation = {
      outputs: new Map([
        ['out', { path: out, hashAlgorithm: '', hash: '' }],
        ['x', { path: undefined, hashAlgorithm: 'sha256', hash: '' }],
      ]),
      inputDerivations: new Map([[out, ['dev', 'out']]]),
      inputSources: [],
      platform: 'x86_64-linux',
      builder: '/bin/sh',
      args: ['-c', 'echo "a\\b"\n\r\t'],
      env: new Map([['name', 'é']]),
    };
    expect(Buffer.from(printDerivation(drv)).toString()).toBe(
      `Derive([("out","${out}","",""),("x","","sha256","")],[("${out}",["dev","out"])],[],` +
        String.raw`"x86_64-linux","/bin/sh",["-c","echo \"a\\b\"\n\r\t"],[("name","é")])`,
    );
  });

  it('writes what reads as the same derivation', () => {
    fc.assert(
      fc.property(derivation, (drv) => {
        expect(parseDerivation(printDerivation(drv), 'x.drv')).toEqual(drv);
      }),
    );
  });

  it('writes every file that is accepted as it was, even a damaged one', () => {
    const damage = fc.record({ at: fc.nat(), byte: fc.nat(255), remove: fc.nat(2) });
    let accepted = 0;
    fc.assert(
      fc.property(derivation, damage, (drv, { at, byte, remove }) => {
        const bytes = [...printDerivation(drv)];
        bytes.splice(at % bytes.length, remove, byte);
        const damaged = Buffer.from(bytes);
        let parsed: Derivation;
        try {
          parsed = parseDerivation(damaged, 'x.drv');
        } catch {
          return;
        }
        accepted += 1;
        expect(damaged.equals(printDerivation(parsed))).toBe(true);
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(0);
  });
});
