import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compressHash, formatBareHash, formatHash, type Hash, hashesEqual, parseHash } from './hash.ts';

const base16 = 'e14328fa25d83df896d456bfde95192eda1a6210e57460782c4620382482ab02';
const nix32 = '00mbh8j3h8265iw60x7521i1mnif36axxgsnsjbghgfq4px2hhz1';
const base64 = '4UMo+iXYPfiW1Fa/3pUZLtoaYhDldGB4LEYgOCSCqwI=';
const hash: Hash = { algorithm: 'sha256', bytes: Buffer.from(base16, 'hex') };

const anyHash = fc
  .constantFrom('md5', 'sha1', 'sha256', 'sha512')
  .chain((algorithm) =>
    fc
      .uint8Array({ maxLength: 64 })
      .map((seed): Hash => ({ algorithm, bytes: createHash(algorithm).update(seed).digest() })),
  );

describe('formatHash', () => {
  it('writes every spelling with its prefix', () => {
    expect(formatHash(hash, 'base16')).toBe(`sha256:${base16}`);
    expect(formatHash(hash, 'nix32')).toBe(`sha256:${nix32}`);
    expect(formatHash(hash, 'base64')).toBe(`sha256:${base64}`);
    expect(formatHash(hash, 'sri')).toBe(`sha256-${base64}`);
  });

  it('writes them bare', () => {
    expect(formatBareHash(hash, 'base16')).toBe(base16);
    expect(formatBareHash(hash, 'nix32')).toBe(nix32);
    expect(formatBareHash(hash, 'base64')).toBe(base64);
  });
});

describe('parseHash', () => {
  it.each([`sha256:${base16}`, `sha256:${base16.toUpperCase()}`, `sha256:${nix32}`, `sha256:${base64}`])(
    'reads %s',
    (text) => {
      expect(hashesEqual(parseHash(text), hash)).toBe(true);
      expect(hashesEqual(parseHash(text, 'sha256'), hash)).toBe(true);
    },
  );

  it('reads SRI', () => {
    expect(hashesEqual(parseHash(`sha256-${base64}`), hash)).toBe(true);
  });

  it.each([base16, nix32, base64])('reads %s when told the algorithm', (text) => {
    expect(hashesEqual(parseHash(text, 'sha256'), hash)).toBe(true);
  });

  it('reads whatever is written, in every algorithm', () => {
    fc.assert(
      fc.property(anyHash, fc.constantFrom('base16', 'nix32', 'base64', 'sri'), (any, form) => {
        expect(hashesEqual(parseHash(formatHash(any, form)), any)).toBe(true);
      }),
    );
    fc.assert(
      fc.property(anyHash, fc.constantFrom('base16', 'nix32', 'base64'), (any, form) => {
        expect(hashesEqual(parseHash(formatBareHash(any, form), any.algorithm), any)).toBe(true);
      }),
    );
  });

  it('refuses a bare hash of an unknown algorithm', () => {
    expect(() => parseHash(base16)).toThrow(
      `wanted a hash, got ${JSON.stringify(base16)}: it does not say its algorithm`,
    );
  });

  it('refuses another algorithm than the one asked for', () => {
    expect(() => parseHash(`sha256:${base16}`, 'sha1')).toThrow('it is not sha1');
  });

  it.each(['sha3:00', 'toString:00', ':00'])('refuses the algorithm of %s', (text) => {
    expect(() => parseHash(text)).toThrow('is none of md5, sha1, sha256, sha512');
  });

  it('says which lengths it knows', () => {
    expect(() => parseHash('sha256:abc')).toThrow(
      'sha256 has 64 digits in base 16, 52 in nix32 and 44 in base 64, not 3',
    );
  });

  it('refuses wrong digits of each spelling', () => {
    expect(() => parseHash(`sha256:${base16.replace('e', 'g')}`)).toThrow('it is not base 16');
    expect(() => parseHash(`sha256:${nix32.replace('b', 'e')}`)).toThrow('"e" is not a digit');
    expect(() => parseHash(`sha256:${base64.replace('+', '_')}`)).toThrow('the base 64 of 32 bytes');
  });

  it('refuses base 64 without padding, with spare bits and of another length', () => {
    for (const digits of [base64.slice(0, -1), base64.replace('I=', 'J='), `${base64}AAAA`, '']) {
      expect(() => parseHash(`sha256-${digits}`)).toThrow('it is not the base 64 of 32 bytes');
    }
  });

  it('quotes no more than the beginning of a long text', () => {
    expect(() => parseHash('x'.repeat(10_000))).toThrow(/^.{0,400}$/);
  });

  it('fails with the code for hashes', () => {
    expect(() => parseHash('')).toThrow(expect.objectContaining({ code: 'hash.invalid' }));
  });
});

describe('hashesEqual', () => {
  it('tells algorithms and bytes apart', () => {
    const bytes = new Uint8Array(20);
    expect(hashesEqual({ algorithm: 'sha1', bytes }, { algorithm: 'sha1', bytes })).toBe(true);
    expect(hashesEqual({ algorithm: 'sha1', bytes }, { algorithm: 'md5', bytes })).toBe(false);
    expect(hashesEqual({ algorithm: 'sha1', bytes }, { algorithm: 'sha1', bytes: bytes.with(3, 1) })).toBe(
      false,
    );
  });
});

describe('compressHash', () => {
  it('folds by XOR', () => {
    expect([...compressHash(Uint8Array.of(1, 2, 3, 4, 0x10), 2)]).toEqual([1 ^ 3 ^ 0x10, 2 ^ 4]);
  });

  it('pads what is shorter with zeros', () => {
    expect([...compressHash(Uint8Array.of(7), 3)]).toEqual([7, 0, 0]);
  });
});
