import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base32Length, decodeBase32, encodeBase32 } from './base32.ts';

const sha256 = 'e14328fa25d83df896d456bfde95192eda1a6210e57460782c4620382482ab02';
const nix32 = '00mbh8j3h8265iw60x7521i1mnif36axxgsnsjbghgfq4px2hhz1';

describe('base32', () => {
  it("writes Nix's spelling of a known hash", () => {
    expect(encodeBase32(Buffer.from(sha256, 'hex'))).toBe(nix32);
  });

  it('reads it back', () => {
    expect(Buffer.from(decodeBase32(nix32)).toString('hex')).toBe(sha256);
  });

  it('takes 26, 32, 52 and 103 digits for md5, sha1, sha256 and sha512', () => {
    expect([16, 20, 32, 64].map(base32Length)).toEqual([26, 32, 52, 103]);
  });

  it('writes nothing for nothing', () => {
    expect(encodeBase32(new Uint8Array())).toBe('');
    expect(decodeBase32('')).toEqual(new Uint8Array());
  });

  it('gives back any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const text = encodeBase32(bytes);
        expect(text).toHaveLength(base32Length(bytes.length));
        expect(decodeBase32(text)).toEqual(bytes);
      }),
    );
  });

  it('reads a text only if it would write it', () => {
    const digits = fc.string({
      unit: fc.constantFrom(...'0123456789abcdfghijklmnpqrsvwxyz'.split('')),
      maxLength: 60,
    });
    fc.assert(
      fc.property(digits, (text) => {
        let bytes: Uint8Array;
        try {
          bytes = decodeBase32(text);
        } catch {
          return;
        }
        expect(encodeBase32(bytes)).toBe(text);
      }),
    );
  });

  it.each(['e', 'o', 't', 'u', 'A', 'é', ' '])('refuses the character %j', (character) => {
    const text = character + nix32.slice(1);
    expect(() => decodeBase32(text)).toThrow(
      `wanted nix32, got ${JSON.stringify(text)}: ${JSON.stringify(character)} is not a digit`,
    );
  });

  it('refuses a length that no bytes have', () => {
    expect(() => decodeBase32(nix32.slice(1))).toThrow(/no whole number of bytes has 51 digits/);
    expect(() => decodeBase32('0')).toThrow(/has 1 digits/);
  });

  it('refuses a first digit with bits beyond the last byte', () => {
    expect(() => decodeBase32(`2${nix32.slice(1)}`)).toThrow(/its first digit is too large/);
    expect(decodeBase32(`1${nix32.slice(1)}`)).toHaveLength(32);
  });

  it('fails with the code for hashes', () => {
    expect(() => decodeBase32('e')).toThrow(expect.objectContaining({ code: 'hash.invalid' }));
  });
});
